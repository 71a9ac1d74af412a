"""The proof that two stores hold the same accounts: their number, and one HMAC for each."""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.iam.account import IDS, StoreKind

if TYPE_CHECKING:
    from core.iam.account import Account, Store


class State(StrEnum):
    """What became of an account. EXTRA: only the new side has it."""

    EQUAL = "equal"
    MISSING = "missing"
    DIFFERS = "differs"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Two stores compared. states: of each access key of either side."""

    old: int
    new: int
    states: dict[str, State]

    def number(self, state: State) -> int:
        """Return how many accounts are in a state."""
        return list(self.states.values()).count(state)

    @property
    def holds(self) -> bool:
        """Whether both sides have the same number of accounts, and every one is equal."""
        return self.old == self.new == self.number(State.EQUAL)


def prove(old: Store, new: Store) -> Proof:
    """Compare two stores by HMACs under a key that is made here and forgotten.

    A gateway's admin API tells no unknown members: against one, they are not compared.
    """
    key = secrets.token_bytes(32)
    whole = StoreKind.GATEWAY not in {old.kind, new.kind}
    before, after = _digests(old, key, whole=whole), _digests(new, key, whole=whole)
    states = {
        access: _state(before.get(access), after.get(access))
        for access in sorted(before.keys() | after.keys())
    }
    return Proof(old=len(old.accounts), new=len(new.accounts), states=states)


def _state(before: bytes | None, after: bytes | None) -> State:
    if before is None:
        return State.EXTRA
    if after is None:
        return State.MISSING
    return State.EQUAL if hmac.compare_digest(before, after) else State.DIFFERS


def _digests(store: Store, key: bytes, *, whole: bool) -> dict[str, bytes]:
    return {
        account.key: hmac.digest(key, _canonical(account, whole=whole), "sha256")
        for account in store.accounts
    }


def _canonical(account: Account, *, whole: bool) -> bytes:
    """Return everything of an account that must not change, in one order.

    An absent id is 0: so does every gateway read it.
    """
    secret = None if account.secret is None else account.secret.reveal()
    ids = [0 if name not in account.members else account.whole(name) for name in IDS]
    known = {"access", "secret", "role", *IDS}
    rest = sorted(
        (name, raw.decode()) for name, raw in account.members.items() if name not in known
    )
    told = [account.key, account.access, secret, account.role, ids, rest if whole else []]
    return json.dumps(told).encode()
