"""Whether blue shows an object as green has it: the read-back of each write. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.display import safe

if TYPE_CHECKING:
    from core.cutover.green_object import GreenObject
    from core.cutover.private_writer import Seen

_ASKED_APART: Final = frozenset({"x-amz-tagging", "x-amz-website-redirect-location"})
"""Tags are not in a HEAD; of redirects VersityGW tells nothing."""


def differs(wanted: GreenObject, seen: Seen | None, etag: str) -> str:
    """Return in what blue differs, "" if it holds the object. etag: of the bytes that were sent."""
    if seen is None:
        return "it is not there after it was written"
    if seen.size_bytes != wanted.size_bytes:
        return f"it has {seen.size_bytes} bytes, not {wanted.size_bytes}"
    if seen.etag != etag:
        return f"its ETag is {safe(seen.etag)}, not {safe(etag)}"
    for name, value in wanted.headers:
        if name in _ASKED_APART or name.startswith("x-amz-object-lock"):
            continue
        if seen.headers.get(name, "").strip() != value.strip():
            return f"{safe(name)} is not as on green"
    return ""
