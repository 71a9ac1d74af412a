"""Metadata texts of rows against the ledger's digests: each is cut and hashed, none is believed.

A row that we made ends with the bundle's own `vgwm` member and a brace, so that a stretch is cut
into rows and rid of that member in one go; a text of any other form is looked at by itself. Pure.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.verify.sides import PinSeen

# A value of a nested member is a text, in which a quote is escaped: this stands at the top only.
_PIN: Final = b',"pin":{"path":"'
_NAME: Final = 6  # digits of a member's name in its root
_FEW: Final = 8
"""Runs of bundles up to which a stretch is cut from its beginning: each cut copies the rest."""

_BEGUN: Final = blake2b(digest_size=8)
"""Copied for each text: a fifth cheaper than one made from its options."""


class _Mark(NamedTuple):
    """What the rows of a bundle say of it. end: where `pin` ends, counted from the path's digits.

    root: behind the digits. ours: the member `vgwm`.
    """

    root: bytes
    end: int
    ours: bytes


class RowTexts:
    """Digests of rows of one workspace."""

    def __init__(self, workspace_id: str) -> None:
        self._plan = workspace_id.encode()

    def digests(
        self, texts: bytes, bundles: Sequence[tuple[int, int]], pins: dict[int, PinSeen]
    ) -> bytes | None:
        """Return the digests of 8 bytes, joined, of texts without `pin` and `vgwm`.

        texts: a line each, the last without its line feed. bundles: of how many rows each is. None
        where a text does not name its bundle, its root and this workspace, where nobody looked at
        a pin, or there are more or fewer texts.
        """
        if not bundles or not pins.keys() >= {its for its, _ in bundles}:
            return None
        marks = [(self._mark(its, pins[its]), rows) for its, rows in bundles]
        found = _of_alike(texts, marks)
        if found is None and len(marks) <= _FEW:
            found = _of_ends(texts, marks)
        return _of_lines(texts, marks) if found is None else found

    def _mark(self, bundle: int, pin: PinSeen) -> _Mark:
        root = b'","root":"%b"}' % pin.root.encode()
        ours = b',"vgwm":{"bundle":%d,"plan":"%b"}' % (bundle, self._plan)
        return _Mark(root, _NAME + len(root), ours)


def _of_alike(texts: bytes, marks: Sequence[tuple[_Mark, int]]) -> bytes | None:
    """Digest texts of which those of a bundle are all alike from their path on; None of others.

    So are those of objects without user metadata or tags, or with the same. Cut at each `pin`, a
    part is the digits of a path, that end, and the next text up to its own `pin`.
    """
    parts = texts.split(_PIN)
    if len(parts) != 1 + sum(rows for _, rows in marks):
        return None
    parts[-1] += b"\n"
    found: list[bytes] = []
    add, begun, name = found.append, _BEGUN.copy, _NAME
    after = iter(parts)
    head = next(after)
    for mark, rows in marks:
        its = list(islice(after, rows))
        behind = its[0][mark.end : its[0].find(mark.ours, mark.end)]
        end, rest = mark.root + behind + mark.ours + b"}\n", behind + b"}"
        begin = name + len(end)
        for part in its:
            if part[name:begin] != end:
                return None
            one = begun()
            one.update(head + rest)
            add(one.digest())
            head = part[begin:]
    return None if head else b"".join(found)


def _of_ends(texts: bytes, marks: Sequence[tuple[_Mark, int]]) -> bytes | None:
    """Digest texts that all end with their mark; None if one does not."""
    found, rest = b"", texts
    for mark, rows in marks[:-1]:
        lines = rest.split(mark.ours + b"}\n", rows)
        rest = lines.pop()
        digests = _each([line + mark.ours + b"}" for line in lines], mark)
        if len(lines) != rows or digests is None:
            return None
        found += digests
    mark, rows = marks[-1]
    if not rest.endswith(mark.ours + b"}") or rest.count(mark.root) != rows:
        return None
    lines = rest.split(mark.ours + b"}\n")
    lines[-1] = lines[-1][: -len(mark.ours) - 1]
    return found + _fast(lines, mark) if len(lines) == rows else None


def _fast(lines: Sequence[bytes], mark: _Mark) -> bytes:
    """Digest texts without their ends, which have as many roots as they are.

    One that lacks its root leaves it to another, which then has one that is not cut out, and
    another digest than it should.
    """
    found: list[bytes] = []
    add, begun, pin, end, brace = found.append, _BEGUN.copy, _PIN, mark.end, b"}"
    for line in lines:
        head, _, tail = line.partition(pin)
        one = begun()
        one.update(head)
        one.update(tail[end:])
        one.update(brace)
        add(one.digest())
    return b"".join(found)


def _of_lines(texts: bytes, marks: Sequence[tuple[_Mark, int]]) -> bytes | None:
    """Digest texts one by one, wherever their marks stand."""
    lines, found, at = texts.split(b"\n"), b"", 0
    for mark, rows in marks:
        digests = _each(lines[at : at + rows], mark)
        if digests is None:
            return None
        found, at = found + digests, at + rows
    return found if at == len(lines) else None


def _each(lines: Sequence[bytes], mark: _Mark) -> bytes | None:
    found: list[bytes] = []
    for line in lines:
        head, _, rest = line.partition(_PIN)
        mid, ours, tail = rest.partition(mark.ours)
        if not ours or not rest.startswith(mark.root, _NAME):
            return None
        one = _BEGUN.copy()
        one.update(head + mid[mark.end :] + tail)
        found.append(one.digest())
    return b"".join(found)
