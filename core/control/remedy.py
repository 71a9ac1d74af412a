"""What to do about an object that did not go through: one sentence per class of failure."""

from __future__ import annotations

_WRITER = "Wait for its writer to end; this release reads it again in a new workspace only."
_REMEDIES = {
    "source_changed": _WRITER,
    "changed": _WRITER,
    "denied": "Run the engine as the gateway's user, or give that user the right to read it.",
    "unreadable": "Run the engine as the gateway's user, or give that user the right to read it.",
    "io_error": "The disk could not read it: look at the host's kernel log.",
    "bad-checksum": "Its bytes contradict its stored checksum: restore it at the source.",
    "bad_checksum": "Its bytes contradict its stored checksum: restore it at the source.",
    "stale-etag": "Its bytes contradict its stored ETag: restore it, or set etag=trust.",
    "key_not_utf8": "Rename it at the source: the target's keys are text.",
    "special_file": "It is no regular file; no gateway serves it.",
    "upload_in_progress": "Finish or abort the upload at the source.",
    "leftover_temp": "A broken upload left it; no gateway serves it.",
    "nested_sgwtmp": "A broken upload left it; no gateway serves it.",
    "symlink": "It leads out of the source's root: put the bytes in its place.",
    "unreachable_version": "Its current object is gone from the listing; restore it by its id.",
    "hidden_put": "It was put over a delete marker, and stays hidden: delete it, put it anew.",
}
_ELSE = "What happened says what to mend; this release reads it again in a new workspace only."


def remedy_of(code: str) -> str:
    """Return what to do about a class of failure."""
    return _REMEDIES.get(code, _ELSE)
