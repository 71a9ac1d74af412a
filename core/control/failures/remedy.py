"""What to do about an object that did not go through: one sentence per class of failure."""

from __future__ import annotations

from core.ledger.rows import Disposition

_WRITER = "Wait for its writer to end, then: vgwm retry"
_REMEDIES = {
    "source_changed": _WRITER,
    "changed": _WRITER,
    "denied": "Let the engine's user read it (run as the gateway's user), then: vgwm retry",
    "unreadable": "What happened says why: give the engine's user or the S3 keys the right, "
    "or mend disk or endpoint; then: vgwm retry",
    "io_error": "The disk could not read it: see the kernel log. Then vgwm retry, or vgwm skip",
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
_ELSE = "What happened says what to mend; then: vgwm retry"
_WALKED = {
    "denied": "Let the engine's user read it; the walk has passed it by: plan in a new workspace.",
    "unreadable": "Let the engine's user read it; the walk has passed it: plan in a new workspace.",
}
_WALKED_ELSE = "The walk left it out for what it is; a new workspace walks anew."
_WAIVED = "vgwm skip --undo takes the skip back."


def remedy_of(code: str, disposition: str = Disposition.FAILED) -> str:
    """Return what to do about a class of failure: what a retry can mend, and what it cannot."""
    match disposition:
        case Disposition.WAIVED:
            return _WAIVED
        case Disposition.SKIP:
            return _WALKED.get(code) or _REMEDIES.get(code, _WALKED_ELSE)
        case _:
            return _REMEDIES.get(code, _ELSE)
