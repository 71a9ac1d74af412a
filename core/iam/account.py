"""An account as a gateway keeps it, and a store of accounts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.config.secret import Secret

ROLES: Final = ("admin", "userplus", "user")
IDS: Final = ("userID", "groupID", "projectID")
_WHOLE: Final = re.compile(rb"0|[1-9][0-9]{0,18}")


class StoreKind(StrEnum):
    """Where accounts were read: a file, by its name, or the admin API of a running gateway."""

    USERS_JSON = "users.json"
    IAM_JSON = "iam.json"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account. key: under which the store keeps it; equals access in a sound store.

    secret: None if there is none, or if it is no text. members: all others with their JSON as it
    stood, by name: what is not known here is carried on, too.
    """

    key: str
    access: str
    role: str
    secret: Secret | None
    members: dict[str, bytes] = field(default_factory=dict)

    def whole(self, name: str) -> int | None:
        """Return the number of an id, such as `userID`; None where it is absent or no number."""
        raw = self.members.get(name, b"")
        return int(raw) if _WHOLE.fullmatch(raw) else None

    def bad_ids(self) -> list[str]:
        """Return the ids that are there and are no whole numbers from 0 up."""
        return [name for name in IDS if name in self.members and self.whole(name) is None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The accounts of a gateway, in the order of their keys.

    where: safe to show. members: what else the file holds, as JSON. mode: the file's permission
    bits; None where there is no file.
    """

    kind: StoreKind
    where: str
    accounts: tuple[Account, ...]
    members: dict[str, bytes] = field(default_factory=dict)
    mode: int | None = None

    def by_role(self) -> dict[str, int]:
        """Return how many accounts have which role; unknown roles as they stand."""
        return dict(sorted(Counter(account.role for account in self.accounts).items()))
