"""Tables beside those in use: a new set before it takes their place, old sets after that. Pure.

A set has every table of a profile, each under its own name with the set's tag behind it. One set is
being made (`vgwm_new`); each that was in use before is kept, with the time in its tag.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import Broken, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.target.profile import Profile
    from core.target.shape import TableShape

NEW: Final = "vgwm_new"
_OLD: Final = "vgwm_old_"
_TAG: Final = re.compile(r"vgwm_(?:new|old_[0-9]{8}t[0-9]{6}z)")


class Beside(NamedTuple):
    """A set that stands beside the tables in use. tables: those of it that are there, by name."""

    tag: str
    tables: tuple[str, ...]


class Renaming(NamedTuple):
    """A table's name now, and the one that it gets."""

    present: str
    wanted: str


def old_tag(at_ns: int) -> str:
    """Return the tag of tables that were in use until then: `vgwm_old_20261126t015900z`."""
    return _OLD + time.strftime("%Y%m%dt%H%M%Sz", time.gmtime(at_ns // 1_000_000_000))


def named(shape: TableShape, tag: str) -> TableShape:
    """Return a table's shape under the name that it has in a set; its index is its own."""
    return replace(shape, name=f"{shape.name}_{tag}")


def profile_of(profile: Profile, tag: str) -> Profile:
    """Return the profile of a set: the same columns under other names."""
    return replace(
        profile,
        objects=named(profile.objects, tag),
        cids=profile.cids and named(profile.cids, tag),
        buckets=profile.buckets and named(profile.buckets, tag),
    )


def sets_of(profile: Profile, names: Iterable[str]) -> list[Beside]:
    """Return the sets that a database's tables come to, by tag; names: of all its tables."""
    found: dict[str, list[str]] = {}
    for name in names:
        for shape in profile.tables:
            base, tag = name[: len(shape.name) + 1], name[len(shape.name) + 1 :]
            if base == f"{shape.name}_" and _TAG.fullmatch(tag):
                found.setdefault(tag, []).append(name)
    return [Beside(tag, tuple(sorted(found[tag]))) for tag in sorted(found)]


def renamings(profile: Profile, names: Iterable[str], *, old: str) -> list[Renaming]:
    """Return what puts the new set in the place of the one in use, in order; [] if it is done.

    Raises Refused where a set `old` is there already, Broken where the new set is not whole.
    """
    there = set(names)
    new = {shape.name: f"{shape.name}_{NEW}" for shape in profile.tables}
    made = [name for name in new.values() if name in there]
    if not made and profile.objects.name in there:
        return []
    if len(made) != len(new):
        raise Broken(
            what=f"of {len(new)} new tables {len(made)} are there",
            where=profile.objects.name,
            remedy="Nothing was swapped. Make the table anew: vgwm metadata rebuild.",
        )
    kept = {name: f"{name}_{old}" for name in new if name in there}
    taken = sorted(there.intersection(kept.values()))
    if taken:
        raise Refused(
            what=f"table {taken[0]} is there already",
            where=profile.objects.name,
            remedy="Wait a second, then ask for it again.",
        )
    return [Renaming(name, kept[name]) for name in kept] + [
        Renaming(new[name], name) for name in new
    ]
