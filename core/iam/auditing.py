"""`iam audit`: what makes accounts easy to abuse. Pure."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.iam.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from core.iam.account import Account, Store

# What manuals, images and tutorials set up, in lower case.
_DEFAULT_SECRETS: Final = frozenset(
    {
        *("admin", "adminadmin", "changeme", "minio123", "minioadmin", "mysecret", "mysecretkey"),
        *("pass", "password", "root", "rootpassword", "s3secret", "secret", "secretkey", "test"),
        *(
            "testsecret",
            "testtest",
            "user",
            "versitygw",
            "wjalrxutnfemi/k7mdeng/bpxrficyexamplekey",
        ),
    }
)
_EXAMPLE: Final = "EXAMPLE"
_SHORTEST: Final = 16
_FEWEST_BITS: Final = 40.0
_MOST_ADMINS: Final = 3


def audit(
    store: Store, *, chown: bool = False, used: Collection[str] | None = None
) -> list[Finding]:
    """Return what is risky about a store, its own findings first, then by account.

    chown: the gateway gives files to the ids of their account. used: the access keys that stand in
    access logs; None where there are none to look at.
    """
    found = list(_admins(store))
    twins = _twins(store)
    for account in store.accounts:
        found += [
            Finding(level=level, rule=rule, access=safe(account.key), evidence=text, remedy=remedy)
            for level, rule, text, remedy in (
                *_secret(account),
                *_twin(account, twins),
                *_ids(account, chown=chown),
                *_unused(account, used),
            )
        ]
    return found


_Row = tuple[Level, str, str, str]


def _secret(account: Account) -> Iterator[_Row]:
    if account.secret is None:
        return
    value = account.secret.reveal()
    anew = "Give it a random secret of 32 characters: versitygw admin update-user."
    if value.lower() in _DEFAULT_SECRETS or _EXAMPLE in account.access:
        yield Level.HIGH, "default-credential", "a credential that manuals and images set up", anew
    elif value == account.access:
        yield Level.HIGH, "secret-is-key", "the secret is the access key", anew
    elif len(value) < _SHORTEST:
        text = f"a secret of less than {_SHORTEST} characters"
        yield Level.HIGH, "short-secret", text, anew
    elif _bits(value) < _FEWEST_BITS:
        text = "a secret of few different characters: it is quickly guessed"
        yield Level.HIGH, "low-entropy", text, anew


def _bits(text: str) -> float:
    """Return how many bits its characters hold, each taken for independent of the others."""
    n = len(text)
    return -sum(count * math.log2(count / n) for count in Counter(text).values())


def _twins(store: Store) -> dict[str, list[str]]:
    """Return the access keys of each secret that more than one account has."""
    holders: dict[str, list[str]] = {}
    for account in store.accounts:
        if account.secret is not None:
            holders.setdefault(account.secret.reveal(), []).append(account.key)
    return {secret: keys for secret, keys in holders.items() if len(keys) > 1}


def _twin(account: Account, twins: dict[str, list[str]]) -> Iterator[_Row]:
    held_by = [] if account.secret is None else twins.get(account.secret.reveal(), [])
    others = [key for key in held_by if key != account.key]
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        text = f"same secret as {safe(others[0])}{more}"
        yield Level.WARN, "same-secret", text, "Give each account a secret of its own."


def _ids(account: Account, *, chown: bool) -> Iterator[_Row]:
    if chown and account.whole("userID") == 0:
        text = "uid 0 while the gateway gives files to their account: they become root's"
        yield Level.WARN, "uid-0", text, "Give it an id of its own: versitygw admin update-user."


def _unused(account: Account, used: Collection[str] | None) -> Iterator[_Row]:
    if used is not None and account.access not in used:
        text = "not in the access logs that were read"
        yield (
            Level.WARN,
            "unused",
            text,
            "Remove it if nobody needs it: versitygw admin delete-user.",
        )


def _admins(store: Store) -> Iterator[Finding]:
    admins = [account for account in store.accounts if account.role == "admin"]
    if len(admins) > _MOST_ADMINS:
        yield Finding(
            level=Level.WARN,
            rule="many-admins",
            access="",
            evidence=f"{len(admins)} accounts are admin, beside the root account",
            remedy=f"Keep it to {_MOST_ADMINS}: userplus may create buckets, too.",
        )
