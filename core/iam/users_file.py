"""users.json read and written as the gateway does: one line, keys sorted, secrets in clear.

What is not known here stands in the new file byte for byte. No error repeats the file's text: it
may be a secret.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from core.config.secret import Secret
from core.display import safe
from core.errors import BadInput, Denied
from core.iam.account import Account, Store, StoreKind

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "users.json"
_ACCOUNTS: Final = "accessAccounts"
_LARGEST_BYTES: Final = 64 << 20
_KNOWN: Final = ("access", "secret", "role", "userID", "groupID", "projectID")
# As Go writes JSON: what a browser could take for markup, and two line ends, are escaped.
_ESCAPED: Final = {ord(char): f"\\u{ord(char):04x}" for char in ("<", ">", "&", "\u2028", "\u2029")}


def read_store(path: Path) -> Store:
    """Return the accounts of a file, or of the users.json (else iam.json) in a folder.

    Raises BadInput: nothing there, no such file format, AWS-style; Denied if it may not be read.
    """
    file = _file_of(path)
    where = safe(str(file))
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode & 0o7777
            raw = opened.read(_LARGEST_BYTES + 1)
    except PermissionError as e:
        raise Denied(
            what="the accounts may not be read",
            where=where,
            remedy="Run as the gateway's user, or as root.",
        ) from e
    except OSError as e:
        raise _absent(where, e.strerror or "it cannot be read") from e
    if len(raw) > _LARGEST_BYTES:
        raise _malformed(where, "is over 64 MiB")
    kind = StoreKind.IAM_JSON if file.name == "iam.json" else StoreKind.USERS_JSON
    return parse(raw, kind=kind, where=where, mode=mode)


def parse(raw: bytes, *, kind: StoreKind, where: str, mode: int | None = None) -> Store:
    """Return the accounts of a file's content. Raises BadInput."""
    members = _members(raw, where, known=(_ACCOUNTS,))
    _refuse_twice(raw, where)
    if _ACCOUNTS not in members:
        raise _foreign(members, where)
    accounts = members.pop(_ACCOUNTS)
    listed = {} if accounts == b"null" else _members(accounts, where)
    return Store(
        kind=kind,
        where=where,
        accounts=tuple(_account(key, listed[key], where) for key in sorted(listed)),
        members=members,
        mode=mode,
    )


def render(store: Store) -> str:
    """Return the store as users.json holds it: parse reads it back, a gateway starts on it."""
    accounts = ",".join(f"{_text(one.key)}:{_one(one)}" for one in store.accounts)
    first = f"{_text(_ACCOUNTS)}:{{{accounts}}}"
    return "{" + ",".join([first, *_others(store.members)]) + "}"


def _one(account: Account) -> str:
    """Return an account: known members in the gateway's order, the others behind them."""
    known = {name: account.members[name] for name in _KNOWN if name in account.members}
    rest = {name: raw for name, raw in account.members.items() if name not in known}
    secret = [] if account.secret is None else [f'"secret":{_text(account.secret.reveal())}']
    access = _others({name: raw for name, raw in known.items() if name == "access"})
    ids = _others({name: raw for name, raw in known.items() if name not in {"access", "secret"}})
    return "{" + ",".join([*access, *secret, *ids, *_others(rest)]) + "}"


def _others(members: dict[str, bytes]) -> list[str]:
    return [f"{_text(name)}:{raw.decode()}" for name, raw in members.items()]


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPED)


def _account(key: str, raw: bytes, where: str) -> Account:
    members = _members(raw, f"{where}, account {safe(key)}", known=_KNOWN)
    secret = _plain(members.get("secret"))
    if secret is not None:
        del members["secret"]
    return Account(
        key=key,
        access=_plain(members.get("access")) or "",
        role=_plain(members.get("role")) or "",
        secret=Secret(secret) if secret else None,
        members=members,
    )


def _plain(raw: bytes | None) -> str | None:
    """Return a JSON string's text; None where it is another thing."""
    try:
        return None if raw is None else msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _members(raw: bytes, where: str, known: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Return an object's members, each with its JSON as it stands.

    known: names that have to be spelled so: a gateway takes `Secret`, or one with a long s, too.
    """
    try:
        found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _malformed(where, "is no JSON object") from None
    folded = {name.casefold() for name in known}
    for name in found:
        if name not in known and name.casefold() in folded:
            raise _malformed(where, f"has a member {safe(name)}, not spelled as the gateway does")
    return {name: bytes(value) for name, value in found.items()}


def _refuse_twice(raw: bytes, where: str) -> None:
    """Raise BadInput for a name that stands twice in one object: readers differ on which wins."""

    def pairs(members: list[tuple[str, object]]) -> None:
        names = Counter(name for name, _ in members)
        if len(names) < len(members):
            twice = next(name for name, times in names.items() if times > 1)
            raise _malformed(where, f"names {safe(twice)} twice")

    try:
        json.loads(raw, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        raise _malformed(where, "is no JSON object") from None


def _file_of(path: Path) -> Path:
    if not path.is_dir():
        return path
    for name in (FILE_NAME, "iam.json"):
        if (path / name).exists():
            return path / name
    raise _absent(safe(str(path)), "there is neither users.json nor iam.json in it")


def _absent(where: str, why: str) -> BadInput:
    return BadInput(
        what=f"no accounts can be read: {why}",
        where=where,
        remedy="Name the folder of the gateway's --iam-dir (VGW_IAM_DIR), or its users.json. "
        "users.json.backup is the state before the last change: it is not taken.",
    )


def _malformed(where: str, why: str) -> BadInput:
    return BadInput(
        what=f"the file of accounts {why}",
        where=where,
        remedy='It has to hold {"accessAccounts":{ACCESS:{"access","secret","role",..}}}.',
    )


def _foreign(members: dict[str, bytes], where: str) -> BadInput:
    if "users" in members or "accessKeyIndex" in members:
        return BadInput(
            what="this is an AWS-style iam.json, with users, groups and policies",
            where=where,
            remedy="Only stores of accounts are carried over: name users.json, or read the "
            "accounts of the running gateway with --endpoint.",
        )
    return _malformed(where, "has no accessAccounts")
