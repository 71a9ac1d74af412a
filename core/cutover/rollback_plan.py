"""The way back as it is shown: steps, limits, what is lost; and its hash. Pure.

Of the hash is what a person decides by: the steps, whom they touch, which names cannot come back,
and the limits. Figures that move meanwhile are shown beside it; one that passes its limit makes
another plan. May import the model, dag's canonical JSON and this room's types.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from core.cutover.states import NUMBERS, State
from core.dag.canonical import dumps
from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.cutover.risk import Risk

HASH_CHARS: Final = 8
ALL: Final = "all"
"""The slice of everything."""

_KNOWN: Final = frozenset({"act", "slice", "way", "origin", "to", "plan"})
_LEAST_WRITES: Final = 100
_LEAST_BYTES: Final = 64 << 20
_LEAST_S: Final = 120.0
_KEY_S: Final = 0.02
_BYTES_S: Final = 50 << 20
_SWITCH_S: Final = 2.0


class Way(StrEnum):
    """How far back: traffic and data alone, the gateway's own files too, or blue's tree too."""

    QUICK = "quick"
    FULL = "full"
    DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackWish:
    """Which way back is wanted. slice: a name of vgwm.yaml's, or `all`.

    origin: of DATA, the folder with a copy of blue's tree; to: the new folder that it comes to.
    Both absolute.
    """

    slice: str = ALL
    way: Way = Way.QUICK
    origin: str = ""
    to: str = ""

    @staticmethod
    def of(args: Mapping[str, str]) -> BackWish:
        """Read a job's or a request's arguments. Raises BadInput."""
        unknown = sorted(set(args) - _KNOWN)
        way = args.get("way", Way.QUICK)
        if unknown or way not in set(Way):
            raise _bad(f"a rollback has no argument {safe(unknown[0] if unknown else way)}")
        wish = BackWish(
            slice=args.get("slice", "") or ALL,
            way=Way(way),
            origin=args.get("origin", ""),
            to=args.get("to", ""),
        )
        places = (wish.origin, wish.to)
        if (wish.way is Way.DATA) != all(Path(one).is_absolute() for one in places) or (
            wish.way is not Way.DATA and any(places)
        ):
            raise _bad("a data rollback, and no other, names two folders by their whole paths")
        return wish


class Green(StrEnum):
    """How much of green there is to come back from."""

    ALIVE = "alive"
    GATEWAY_DEAD = "gateway-dead"  # its blocks and table answer: all comes back
    DEAD = "dead"  # what is not on blue yet stays behind, listed by name


@dataclass(frozen=True, slots=True, kw_only=True)
class BackLimits:
    """Beyond these it stops and asks again. duration_s: from the fence to blue's first write."""

    writes: int
    deletes: int
    size_bytes: int
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BackStep:
    """One step as it is shown. text: safe."""

    state: State
    text: str

    @property
    def number(self) -> str:
        """R1 to R4."""
        return NUMBERS[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackFacts:
    """What a way back is made of: all of it stands in the hash.

    flip: the run whose flip is taken back, so that a hash is good for one only. balancers: name and
    how it is reached; gateways: name and side; hook: argv. uncarriable: SHA-256 of the names that
    blue cannot hold. lost: of those that stay behind with green dead, "" with green alive. backups:
    of each file that a full rollback brings back, by its path.
    """

    workspace: str
    wish: BackWish
    flip: str
    buckets: tuple[str, ...]
    balancers: tuple[tuple[str, str], ...]
    gateways: tuple[tuple[str, str], ...]
    hook: tuple[str, ...]
    reverse: str
    green: Green
    uncarriable: str
    lost: str
    backups: tuple[tuple[str, str], ...]
    limits: BackLimits

    @property
    def sha256(self) -> str:
        """The whole hash, in hex."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def hash(self) -> str:
        """What is shown and confirmed."""
        return self.sha256[:HASH_CHARS]

    @property
    def text(self) -> str:
        """Canonical JSON, as a job stores it."""
        return dumps(asdict(self))

    @staticmethod
    def parse(stored: bytes) -> BackFacts:
        """Return what `text` wrote."""
        return msgspec.json.decode(stored, type=BackFacts)

    def difference(self, now: BackFacts) -> str:
        """Return what is another by now, in words that are safe to show."""
        before, after = asdict(self), asdict(now)
        moved = []
        for name in before:
            if before[name] == after[name]:
                continue
            short = isinstance(before[name], (str, dict)) and name not in _DIGESTS
            moved.append(
                f"{name} {_said(before[name])} -> {_said(after[name])}" if short else _MOVED[name]
            )
        return ", ".join(moved) or "nothing"


_DIGESTS: Final = frozenset({"flip", "uncarriable", "lost"})
_MOVED: Final = {
    "flip": "another cutover",
    "buckets": "other buckets",
    "balancers": "other load balancers",
    "gateways": "other gateways",
    "hook": "another traffic command",
    "uncarriable": "other names cannot be carried",
    "lost": "other names stay behind",
    "backups": "other backups",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlan:
    """The way back as of now. risk, seconds and pause_s move, and are not of the hash.

    seconds: of the whole; pause_s: how long nobody can write. notes: what has to be known first,
    such as that green is dead; word: what a person types; off: why it cannot be begun, "" if it
    can. lost_names: the first of those that stay behind; lost: how many there are.
    """

    facts: BackFacts
    risk: Risk
    steps: tuple[BackStep, ...]
    seconds: float
    pause_s: float
    word: str
    notes: tuple[str, ...] = ()
    lost: int = 0
    lost_names: tuple[str, ...] = ()
    uncarriable_names: tuple[str, ...] = ()
    off: str = ""
    at_ns: int = 0

    @property
    def hash(self) -> str:
        """What is shown and confirmed."""
        return self.facts.hash


def limits_for(risk: Risk, seconds: float) -> BackLimits:
    """Return limits with room above the figures of now, in steps so that the hash stands still."""
    return BackLimits(
        writes=_room(risk.writes, _LEAST_WRITES, 10),
        deletes=_room(risk.deletes, _LEAST_WRITES, 10),
        size_bytes=_room(risk.size_bytes, _LEAST_BYTES, 8),
        duration_s=float(_room(int(seconds), int(_LEAST_S), 2)),
    )


def passed(limits: BackLimits, risk: Risk) -> str:
    """Return which limit the data at risk has passed, "" if none."""
    for name, figure, most in (
        ("writes", risk.writes, limits.writes),
        ("deletes", risk.deletes, limits.deletes),
        ("bytes", risk.size_bytes, limits.size_bytes),
    ):
        if figure > most:
            return f"{figure} {name} at risk, at most {most} were confirmed"
    return ""


def pause_s(risk: Risk, *, again: int = 0, again_bytes: int = 0) -> float:
    """Return about how long nobody can write: what is left to carry, and the switch.

    again: changes that blue holds, and that a restored tree needs once more; again_bytes: of them.
    """
    changes, size_bytes = risk.writes + risk.deletes + again, risk.size_bytes + again_bytes
    return _SWITCH_S + changes * _KEY_S + size_bytes / _BYTES_S


def steps_of(facts: BackFacts) -> tuple[BackStep, ...]:
    """Return the steps in their order, in words."""
    way, green = facts.wish.way, facts.green
    count = len(facts.balancers) or 1
    fence = f"fence green on {count} load balancer{'s' if count > 1 else ''}, drain, prove it"
    if green is not Green.ALIVE:
        fence = f"fence green on {count} load balancer{'s' if count > 1 else ''} alone: it is dead"
    carry = {
        Green.ALIVE: "reverse copy up to the fence",
        Green.GATEWAY_DEAD: "reverse copy from Kubo and object table",
        Green.DEAD: "nothing can be copied: the rest is listed and kept for salvage",
    }[green]
    back = "private writer off, blue open and tried, load balancers blue_ro, then blue"
    if way is Way.FULL:
        back = f"configuration, accounts, unit and binary from backups; {back}"
    if way is Way.DATA:
        carry = f"blue's tree restored to {safe(facts.wish.to)}, verified, switched; {carry}"
    return (
        BackStep(state=State.FENCE_GREEN, text=fence),
        BackStep(state=State.REVERSE, text=carry),
        BackStep(state=State.VERIFY_BLUE, text="each key that green took compared on blue"),
        BackStep(state=State.SWITCH_BACK, text=back),
    )


def _room(figure: int, least: int, step: int) -> int:
    most = least
    while most < 2 * figure:
        most *= step
    return most


def _said(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={safe(str(one))}" for name, one in value.items())
    return safe(str(value)) or "none"


def _bad(what: str) -> BadInput:
    return BadInput(what=what, where="rollback", remedy="See vgwm rollback --help.")
