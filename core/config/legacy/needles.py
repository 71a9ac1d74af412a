"""Known secrets found in texts: in time that grows with the text, however many there are. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SHORTEST: Final = 4
"""A shorter value would blot out ordinary text."""


class Needles:
    """A set of values to find. Those shorter than SHORTEST are not looked for."""

    def __init__(self, values: Iterable[str]) -> None:
        """Sort the values by how they begin, the longest first: one may begin with another."""
        self._by_head: dict[str, list[str]] = {}
        for value in sorted(set(values), key=len, reverse=True):
            if len(value) >= SHORTEST:
                self._by_head.setdefault(value[:SHORTEST], []).append(value)

    def stand_in(self, text: str) -> bool:
        """Tell whether one of them stands in a text."""
        return next(self._places(text), None) is not None

    def replaced(self, text: str, by: Callable[[str], str]) -> str:
        """Return a text with each of them replaced by what `by` gives for it."""
        parts, end = [], 0
        for at, value in self._places(text):
            parts += [text[end:at], by(value)]
            end = at + len(value)
        return "".join((*parts, text[end:]))

    def _places(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield where they stand, from left to right, without overlaps."""
        at = 0
        last = len(text) - SHORTEST if self._by_head else -1
        while at <= last:
            for value in self._by_head.get(text[at : at + SHORTEST], ()):
                if text.startswith(value, at):
                    yield at, value
                    at += len(value)
                    break
            else:
                at += 1
