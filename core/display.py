"""Outside text made safe to show, and figures written the same way everywhere.

Keys, error bodies and file names are hostile: an ESC in one of them writes the clipboard or clears
the screen. Imports nothing of the project.
"""

from __future__ import annotations

import re
from typing import Final

# Control (Cc), format and bidirectional (Cf), surrogates (Cs), private use (Co), line and
# paragraph separators (Zl, Zp), noncharacters, and the blank fillers that show as nothing.
_UNSAFE: Final = re.compile(
    "[\\\\"
    "\x00-\x1f\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680"
    "\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ud800-\uf8ff"
    "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_PLAIN: Final = re.compile(rb"[ -\[\]-~]*")


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char == "\\":
        return "\\\\"
    if "\udc80" <= char <= "\udcff":  # surrogateescape brought a byte that is not UTF-8 here
        return f"\\x{ord(char) - 0xDC00:02x}"
    return f"\\u{{{ord(char):x}}}"


def safe(outside: bytes | str) -> str:
    r"""Return outside text as it may stand on a terminal, in a log or a message.

    Bytes that are not UTF-8 become \xNN, control, format and bidirectional characters \u{N}, a
    backslash is doubled. Distinct texts stay distinct.
    """
    if isinstance(outside, bytes):
        if _PLAIN.fullmatch(outside):
            return outside.decode("ascii")
        outside = outside.decode("utf-8", "surrogateescape")
    return _UNSAFE.sub(_escape, outside)
