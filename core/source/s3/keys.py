"""An endpoint's two keys, as a worker is told them. May import the configuration's secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable


class Keys:
    """An access key and its secret. Neither is shown by print, log or traceback (I9).

    Workers need them to read, and are told them over a socket pair of our own, never by their
    environment or arguments: so this pair may be pickled, which a `Secret` alone may not.
    """

    __slots__ = ("access", "secret")

    def __init__(self, access: Secret, secret: Secret) -> None:
        self.access = access
        self.secret = secret

    def __repr__(self) -> str:
        return "Keys(hidden)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Keys):
            return NotImplemented
        return self.access == other.access and self.secret == other.secret

    __hash__ = None  # type: ignore[assignment] # a secret is no key of anything

    def __reduce__(self) -> tuple[Callable[[str, str], Keys], tuple[str, str]]:
        return keys_of, (self.access.reveal(), self.secret.reveal())


def keys_of(access: str, secret: str) -> Keys:
    """Return the pair of two texts, which are redacted from now on."""
    return Keys(Secret(access), Secret(secret))
