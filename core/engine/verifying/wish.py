"""What a verification was asked to do, as its job's args hold it. Pure.

May import the errors, and what is shown safely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_SAMPLE: Final = 1_000_000_000
_SEED_END: Final = 1 << 63
_SEED_DIGITS: Final = 19
_KNOWN: Final = frozenset({"scope", "bucket", "sample", "seed", "full", "replicas", "join"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyWish:
    """scope: every key, or those recorded. buckets: their names, empty for all.

    sample: objects that are read again, 0 for none. seed: the same one gives the same sample; None
    until the job has chosen. full: every byte. replicas: `all` reads each allocated node.
    """

    scope: Literal["all", "recorded"] = "all"
    buckets: tuple[bytes, ...] = ()
    sample: int = 0
    seed: int | None = None
    full: bool = False
    replicas: Literal["one", "all"] = "one"

    @staticmethod
    def of(args: Mapping[str, str]) -> VerifyWish:
        """Read a job's args. Raises BadInput for what is no scope, no number, no such member."""
        strange = sorted(set(args) - _KNOWN)
        if strange:
            raise _bad(f"there is no {safe(strange[0])}", f"It takes {', '.join(sorted(_KNOWN))}.")
        scope, replicas = args.get("scope", "all"), args.get("replicas", "one")
        if scope not in {"all", "recorded"}:
            raise _bad(f"scope {safe(scope)}", "It is all or recorded.")
        if replicas not in {"one", "all"}:
            raise _bad(f"replicas {safe(replicas)}", "It is one or all.")
        full = args.get("full", "") == "1"
        if replicas == "all" and not full:
            raise _bad("replicas all without full", "A sample reads one replica: say --full.")
        sample = _number(args.get("sample", "0"), "sample", most=MOST_SAMPLE)
        seed = _seed(args["seed"]) if "seed" in args else None
        return VerifyWish(
            scope="recorded" if scope == "recorded" else "all",
            buckets=tuple(
                dict.fromkeys(n.encode() for n in args.get("bucket", "").split(",") if n)
            ),
            sample=sample,
            seed=seed,
            full=full,
            replicas="all" if replicas == "all" else "one",
        )


def _number(text: str, name: str, *, most: int) -> int:
    if not (
        text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most
    ):
        raise _bad(f"{name} {safe(text)} is no number from 0 to {most}", "Give a whole number.")
    return int(text)


def _seed(text: str) -> int:
    """Return a seed: any whole number of 64 bits."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= _SEED_DIGITS:
        seed = int(text)
        if -_SEED_END <= seed < _SEED_END:
            return seed
    raise _bad(f"seed {safe(text)} is no whole number of 64 bits", "Give a whole number.")


def _bad(what: str, remedy: str) -> BadInput:
    return BadInput(what=what, where="verify", remedy=remedy)
