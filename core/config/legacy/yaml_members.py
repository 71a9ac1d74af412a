"""The members of a gateway's YAML, by path. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Leaf(NamedTuple):
    """A member that holds a value: a text, number, boolean, or a list of such."""

    path: str
    value: object

    @property
    def text(self) -> str:
        """The value as the env file spells it."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, list):
            return ",".join(str(one) for one in self.value)
        return "" if self.value is None else str(self.value)


def leaves(tree: Mapping[str, object], prefix: str = "") -> Iterator[Leaf]:
    """Yield the members that hold values, in their order."""
    for name, value in tree.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from leaves(value, f"{path}.")
        else:
            yield Leaf(path, value)


def mapped(
    tree: Mapping[str, object], change: Callable[[str, str], str], prefix: str = ""
) -> dict[str, object]:
    """Return the tree with each text changed. change: from its path and text."""
    return {name: _changed(f"{prefix}{name}", value, change) for name, value in tree.items()}


def _changed(path: str, value: object, change: Callable[[str, str], str]) -> object:
    if isinstance(value, dict):
        return mapped(value, change, f"{path}.")
    if isinstance(value, list):
        return [_changed(path, one, change) for one in value]
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    after = change(path, text)
    return value if after == text else after
