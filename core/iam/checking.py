"""`iam check`: what keeps a gateway from serving accounts as they stand. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.display import safe
from core.iam.account import ROLES, StoreKind
from core.iam.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.iam.account import Account, Store

_SEPARATORS: Final = "/,= "
_PRIVATE: Final = 0o600
_IN_GATEWAY: Final = "Correct it on the gateway: versitygw admin update-user, or delete-user."


def check(store: Store, *, root: str = "", named: Iterable[Named] = ()) -> list[Finding]:
    """Return what is wrong with a store, accounts in their order, the store's own first.

    root: the root account's access key, if it is known. named: who is named by buckets.
    """
    found = list(_file(store))
    for account in store.accounts:
        found += _account(account, root)
    return found + list(_strangers(store, root, named))


class Named:
    """An access key that a bucket names. place: such as `bucket photos, owner`; safe to show."""

    __slots__ = ("access", "place")

    def __init__(self, access: str, place: str) -> None:
        self.access: Final = access
        self.place: Final = place


def _file(store: Store) -> Iterator[Finding]:
    if store.kind is StoreKind.IAM_JSON:
        yield _of_store(
            Level.WARN,
            "iam-json",
            "the file is iam.json, which gateways of today do not read",
            "vgwm iam convert writes it as users.json.",
        )
    if store.mode is not None and store.mode != _PRIVATE:
        yield _of_store(
            Level.FAIL,
            "file-mode",
            f"mode {store.mode:04o}: the file holds every secret in clear",
            "chmod 0600, as the gateway's user.",
        )
    if not store.accounts:
        yield _of_store(
            Level.WARN,
            "no-account",
            "there is no account beside the root account",
            "Is this the folder of the running gateway's VGW_IAM_DIR?",
        )


def _of_store(level: Level, rule: str, evidence: str, remedy: str) -> Finding:
    return Finding(level=level, rule=rule, access="", evidence=evidence, remedy=remedy)


def _account(account: Account, root: str) -> Iterator[Finding]:
    for rule, evidence in _faults(account, root):
        yield Finding(
            level=Level.FAIL,
            rule=rule,
            access=safe(account.key),
            evidence=evidence,
            remedy=_IN_GATEWAY,
        )


def _faults(account: Account, root: str) -> Iterator[tuple[str, str]]:
    if account.key != account.access:
        shown = safe(account.access) if account.access else "none"
        yield "key-not-access", f"it stands under this key, but its access key is {shown}"
    if not account.key:
        yield "empty-access", "its access key is empty"
    if account.role not in ROLES:
        shown = safe(account.role) or "none"
        yield "role", f"its role is {shown}; admin, userplus and user are known"
    if account.secret is None:
        yield "empty-secret", "its secret is empty, or no text: nobody can sign with it"
    for name in account.bad_ids():
        yield "id", f"its {name} is no whole number from 0 up"
    if any(char in account.access for char in _SEPARATORS) or not account.access.isprintable():
        yield "access-characters", "its access key holds one of / , = or a blank: it cannot sign"
    if root and account.access == root:
        yield "root-account", "it has the root account's access key: the root account wins"


def _strangers(store: Store, root: str, named: Iterable[Named]) -> Iterator[Finding]:
    """Say whom buckets name without there being an account: nobody may use what they may."""
    known = {account.access for account in store.accounts} | {root, "*", ""}
    places: dict[str, list[str]] = {}
    for one in named:
        if one.access not in known:
            places.setdefault(one.access, []).append(one.place)
    for access, where in sorted(places.items()):
        more = f", and {len(where) - 1} more" if len(where) > 1 else ""
        yield Finding(
            level=Level.WARN,
            rule="no-such-account",
            access=safe(access),
            evidence=f"named without there being an account: {where[0]}{more}",
            remedy="Make the account, or take it out there, on the gateway.",
        )
