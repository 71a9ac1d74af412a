"""Which secrets a workspace names, and where. Pure; nothing is resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from core.config.secret import SecretKind, SecretRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.config.schema import Workspace


class Named(NamedTuple):
    """A reference and the member of `vgwm.yaml` that holds it."""

    member: str
    ref: SecretRef


def references(workspace: Workspace) -> list[Named]:
    """Return every reference to a secret, in the order of the file."""
    return list(_in(workspace, ""))


def variables(workspace: Workspace) -> list[str]:
    """Return the environment variables that hold secrets, each once."""
    names = (one.ref.name for one in references(workspace) if one.ref.kind is SecretKind.ENV)
    return list(dict.fromkeys(names))


def _in(value: object, member: str) -> Iterator[Named]:
    if isinstance(value, SecretRef):
        yield Named(member, value)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _in(getattr(value, name), f"{member}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _in(one, f"{member}[{number}]")
