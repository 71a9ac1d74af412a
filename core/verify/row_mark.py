"""What a row's Json says of the copy that made it, and the same text without that.

A row that we made names its bundle, its place in it, and the workspace (`guide.md` 5). The text is
ours to the byte, so a pattern finds both members; a text that somebody else wrote is parsed. Pure.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final, NamedTuple

from core.dag.canonical import dumps, read

# Nested values are texts, so neither member can stand anywhere but at the top: in a text its
# quotes would be escaped.
_PIN: Final = re.compile(r',"pin":\{"path":"(\d{6})","root":"([a-z2-7]+)"\}')
_OURS: Final = re.compile(r',"vgwm":\{"bundle":(\d+),"plan":"([0-9a-f]{8})"\}')


class RowMark(NamedTuple):
    """Who made a row. path: its name in the root. Empty and 0 where the row does not say."""

    plan: str = ""
    bundle: int = 0
    root: str = ""
    path: str = ""


class RowText(NamedTuple):
    """A row's metadata parted. bare: without `pin` and `vgwm`, canonical; None where it is none."""

    mark: RowMark
    bare: str | None


def parted(text: object) -> RowText:
    """Return what a row's metadata says, and of whom it is."""
    if not isinstance(text, str):
        return RowText(RowMark(), None)
    pin, ours = _PIN.findall(text), _OURS.findall(text)
    if len(pin) == len(ours) == 1:
        path, root = pin[0]
        bundle, plan = ours[0]
        bare = _OURS.sub("", _PIN.sub("", text))
        return RowText(RowMark(plan, int(bundle), root, path), bare)
    return by_meaning(text)


def by_meaning(text: str) -> RowText:
    """Return the same of a text in any form: another order of its members, or other blanks."""
    try:
        document = read(text)
    except ValueError:
        return RowText(RowMark(), None)
    if not isinstance(document, dict):
        return RowText(RowMark(), None)
    pin, ours = document.pop("pin", None), document.pop("vgwm", None)
    pin = pin if isinstance(pin, dict) else {}
    ours = ours if isinstance(ours, dict) else {}
    bundle = ours.get("bundle")
    mark = RowMark(
        plan=str(ours.get("plan", "")),
        bundle=bundle if isinstance(bundle, int) else 0,
        root=str(pin.get("root", "")),
        path=str(pin.get("path", "")),
    )
    return RowText(mark, dumps(document))


def metadata_digest(bare: str) -> int:
    """Return the 64-bit digest of an object's canonical metadata, as the ledger keeps it."""
    digest = blake2b(bare.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
