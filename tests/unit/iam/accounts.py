"""Accounts for tests, and the file that a gateway would keep them in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core.iam.account import StoreKind
from core.iam.users_file import parse

if TYPE_CHECKING:
    from core.iam.account import Store

SOUND = "Kq7-Zz3-81xW-pP0d-vN4"


def account(access: str, **members: object) -> dict[str, object]:
    """Return a sound account, but for the members that are given."""
    whole: dict[str, object] = {"access": access, "secret": f"{SOUND}{access}", "role": "user"}
    return whole | {"userID": 1001, "groupID": 1002, "projectID": 0} | members


def store(*accounts: dict[str, object], mode: int | None = 0o600, **others: object) -> Store:
    """Return a store of these accounts."""
    listed = {str(one["access"]): one for one in accounts}
    raw = json.dumps({"accessAccounts": listed, **others}).encode()
    return parse(raw, kind=StoreKind.USERS_JSON, where="users.json", mode=mode)
