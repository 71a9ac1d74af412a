"""Slices: whole buckets that are cut over together, by name. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import BadInput, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ALL: Final = "all"
REST: Final = "rest"
"""Names that are given: everything, with no slice named; the buckets that no slice names."""

Slices = dict[str, tuple[str, ...]]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


def parse(words: Iterable[str]) -> Slices:
    """Read `NAME=BUCKET,BUCKET` words. Raises BadInput."""
    slices: Slices = {}
    for word in words:
        name, given, buckets = word.partition("=")
        named = tuple(bucket for bucket in buckets.split(",") if bucket)
        if not given or not named:
            raise _bad(word, "a slice is written NAME=BUCKET,BUCKET")
        if name in slices:
            raise _bad(word, f"slice {name} is named twice")
        slices[name] = named
    check(slices)
    return slices


def check(slices: Mapping[str, Sequence[str]]) -> None:
    """Raise BadInput for a name that cannot be one, no bucket, and a bucket that is named twice."""
    seen: dict[str, str] = {}
    for name, buckets in slices.items():
        if not _NAME.fullmatch(name) or name in {ALL, REST}:
            raise _bad(name, f"a name is of a-z, 0-9 and -, and not {ALL} or {REST}")
        if not buckets:  # to a load balancer, none means everything
            raise _bad(name, "it names no bucket")
        for bucket in buckets:
            if bucket in seen:
                raise _bad(name, f"bucket {safe(bucket)} is in {seen[bucket]} as well")
            seen[bucket] = name


def agreed(given: Slices, named: Mapping[str, Sequence[str]]) -> Slices:
    """Return the slices that a command names, if vgwm.yaml names no others. Raises Refused.

    A cutover goes by those of vgwm.yaml, so that others would be shown and never done.
    """
    if given and named and given != {name: tuple(each) for name, each in named.items()}:
        raise Refused(
            what="vgwm.yaml names other slices",
            where=f"slice {safe(next(iter(given)))}",
            remedy="Leave --slice out, or take cutover.slices out of vgwm.yaml.",
        )
    return given


def cover(slices: Mapping[str, Sequence[str]], buckets: Sequence[str]) -> Slices:
    """Return slices that hold every bucket once: those named, and the rest.

    Raises BadInput if a bucket that is named is not in the source.
    """
    named = {bucket for each in slices.values() for bucket in each}
    absent = sorted(named.difference(buckets))
    if absent:
        raise BadInput(
            what=f"the source has no bucket {safe(absent[0])}",
            where="slices",
            remedy="Name buckets that exist: --slice NAME=BUCKET,.. or cutover.slices.",
        )
    whole = {name: tuple(each) for name, each in slices.items()}
    rest = tuple(bucket for bucket in buckets if bucket not in named)
    if rest and whole:
        whole[REST] = rest
    return whole


def text(slices: Mapping[str, Sequence[str]]) -> str:
    """Return slices as `parse` reads them, word by word, joined by blanks."""
    return " ".join(f"{name}={','.join(buckets)}" for name, buckets in slices.items())


def _bad(word: str, why: str) -> BadInput:
    return BadInput(what=why, where=f"slice {safe(word)}", remedy="Correct it; nothing was begun.")
