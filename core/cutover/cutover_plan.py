"""The plan of a cutover: what is shown, hashed, and executed as shown (I8). Pure.

Moving figures stay out: they are held to the limits. May import the configuration.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.cutover.limits import Limits
from core.dag.canonical import dumps
from core.errors import Broken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.config.schema import Traffic, Workspace

ALL: Final = "all"
"""The slice of everything: a map's every line, and its line `/`."""

SHOWN: Final = 8
_VERSION: Final = 1


class Strategy(StrEnum):
    """The same machine with other parameters."""

    BLUE_GREEN = "blue-green"  # everything at once, copied and verified before
    ROLLING = "rolling"  # a named slice at a time
    BIG_BANG = "big-bang"  # fenced before anything is copied


class Kind(StrEnum):
    """What a plan is for; a rehearsal does states 7 to 9 and undoes them."""

    CUTOVER = "cutover"
    REHEARSE = "rehearse"
    ABORT = "abort"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoverPlan:
    """What would be done, and by which means. All texts are as configured, without secrets.

    slice: `all` or a name; buckets: of the slice, empty for all. steps: states with what each does,
    in words. means: lines about balancers, gateways, hook; each begins with its kind and name.
    policies: name to value. acked: names of warnings that were acknowledged. uncarriable: digest of
    the list of what blue could not hold. word: what the operator types.
    """

    workspace: str
    kind: Kind
    slice: str
    buckets: tuple[str, ...]
    strategy: Strategy
    steps: tuple[str, ...]
    means: tuple[str, ...]
    policies: tuple[tuple[str, str], ...]
    limits: Limits
    acked: tuple[str, ...] = ()
    uncarriable: str = ""
    word: str = ""

    def stored(self) -> bytes:
        """Return its canonical JSON, which is what is hashed."""
        return dumps(self._parts()).encode()

    @property
    def digest(self) -> str:
        """SHA-256 in hex."""
        return hashlib.sha256(self.stored()).hexdigest()

    @property
    def hash(self) -> str:
        """The 8 hex that an operator sees and confirms."""
        return self.digest[:SHOWN]

    def difference(self, now: CutoverPlan) -> str:
        """Say what another plan has otherwise, "" if nothing; safe to show as far as names are."""
        mine, other = self._parts(), now._parts()
        lines = [
            f"{name}: {dumps(mine[name])} was shown, it is {dumps(other[name])}"
            for name in mine
            if mine[name] != other[name]
        ]
        return "; ".join(lines)

    @classmethod
    def parse(cls, stored: bytes) -> CutoverPlan:
        """Read a stored plan. Raises Broken for another's text."""
        try:
            parts = json.loads(stored)
            if parts.pop("v") != _VERSION:
                raise ValueError  # noqa: TRY301 - one border for every way to be wrong
            return cls(
                workspace=parts["workspace"],
                kind=Kind(parts["kind"]),
                slice=parts["slice"],
                buckets=tuple(parts["buckets"]),
                strategy=Strategy(parts["strategy"]),
                steps=tuple(parts["steps"]),
                means=tuple(parts["means"]),
                policies=tuple((name, value) for name, value in parts["policies"]),
                limits=Limits(*parts["limits"]),
                acked=tuple(parts["acked"]),
                uncarriable=parts["uncarriable"],
                word=parts["word"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Broken(
                what="a stored plan of a cutover cannot be read",
                where="ledger",
                remedy="This is a fault of vgwm: keep ledger.db and report it.",
            ) from error

    def _parts(self) -> Mapping[str, object]:
        return {
            "v": _VERSION,
            "workspace": self.workspace,
            "kind": self.kind,
            "slice": self.slice,
            "buckets": list(self.buckets),
            "strategy": self.strategy,
            "steps": list(self.steps),
            "means": list(self.means),
            "policies": [list(each) for each in self.policies],
            "limits": list(self.limits),
            "acked": sorted(self.acked),
            "uncarriable": self.uncarriable,
            "word": self.word,
        }


def means_of(workspace: Workspace) -> tuple[str, ...]:
    """Return by which load balancers and gateways a workspace's traffic is steered, a line each."""
    return tuple(
        [
            f"haproxy {one.name} {one.socket} {one.map} {one.config}{_at(one.listen)}"
            for one in workspace.traffic.haproxy
        ]
        + _hook(workspace.traffic)
        + [
            f"gateway {one.name} {one.side} {one.address}"
            f" {dumps([list(one.fence), list(one.open), list(one.state)])}"
            for one in workspace.gateways
        ]
    )


def _hook(traffic: Traffic) -> list[str]:
    """Return the line of a command: also what it can do, and where its fence is proven."""
    if not traffic.command:
        return []
    modes = ",".join(traffic.modes) or "all modes"
    return [f"hook {dumps(list(traffic.command))} {modes}{_at(traffic.listen)}"]


def _at(listen: Sequence[str]) -> str:
    return f" at {' '.join(listen)}" if listen else ""


def word_of(workspace_name: str, slice_: str) -> str:
    """Return the word that confirms: the slice's name, or the workspace's for all of it."""
    return workspace_name if slice_ == ALL else slice_
