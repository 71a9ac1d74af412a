"""What an operator decided about a conversion: keys accepted, dropped, set. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.config.legacy.hiding import holds_secret
from core.config.legacy.keys import BY_PATH
from core.config.legacy.row import SETTABLE
from core.config.legacy.values import Kind
from core.config.secret import Secret, SecretRef
from core.display import safe
from core.errors import BadInput, SecretInArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

_REF = "_ref"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """accept, drop: ids of rows. values: path to text; secrets: path to what a reference names."""

    accept: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()
    values: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, Secret], ...] = field(default=(), repr=False)

    def value_of(self, path: str) -> str | None:
        """Return what this path was set to, as text; None if it was not."""
        for known, secret in self.secrets:
            if known == path:
                return secret.reveal()
        return dict(self.values).get(path)


def decide(accept: Iterable[str], drop: Iterable[str], settings: Iterable[str]) -> Decisions:
    """Return the decisions of a command line. settings: `PATH=VALUE` each.

    Raises BadInput for an unknown path, SecretInArgument for a secret that is no reference.
    """
    values: list[tuple[str, str]] = []
    secrets: list[tuple[str, Secret]] = []
    for one in settings:
        path, value = _setting(one)
        if BY_PATH[path].kind is Kind.SECRET:
            secrets.append((path, _referred(path, value)))
        elif holds_secret(value):
            raise SecretInArgument(
                what=f"the value of {path} holds credentials, and was given as an argument",
                where="--set",
                remedy="Change them, then write the new ones into the old file.",
            )
        else:
            values.append((path, value))
    return Decisions(
        accept=frozenset(accept),
        drop=frozenset(drop),
        values=tuple(values),
        secrets=tuple(secrets),
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that this one resembles, or nothing."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1)), "")


def _setting(given: str) -> tuple[str, str]:
    path, sign, value = given.partition("=")
    path = {"server.listen": "server.address"}.get(path, path).removesuffix(_REF)
    if not sign or path not in SETTABLE:
        near = nearest(path, SETTABLE)
        raise BadInput(
            what=f"{safe(path)} can not be set: it is no member of the new configuration",
            where="--set",
            remedy=f"Did you mean {near}=VALUE?" if near else "Write PATH=VALUE.",
        )
    return path, value


def _referred(path: str, value: str) -> Secret:
    try:
        reference = SecretRef.parse(value)
    except BadInput:
        # not chained, not shown: it may be the secret itself
        raise SecretInArgument(
            what=f"{path} is a secret, and was given as an argument",
            where="--set",
            remedy=f"Change that secret, then write {path}{_REF}=env:NAME, or file:PATH.",
        ) from None
    return reference.resolve()
