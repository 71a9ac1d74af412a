"""What to do about an object that failed: told by its class, for a tree and for an endpoint."""

from __future__ import annotations

from core.control.failures.remedy import remedy_of
from core.ledger.rows import Disposition


def test_what_could_not_be_read_may_be_a_right_a_disk_or_an_endpoint() -> None:
    # An S3 endpoint that breaks off, and a disk that fails, have this class as well as a right.
    told = remedy_of("unreadable")
    assert all(what in told for what in ("user", "S3 keys", "disk", "endpoint", "vgwm retry"))


def test_what_the_walk_passed_by_is_no_retrys_to_mend() -> None:
    assert "new workspace" in remedy_of("unreadable", Disposition.SKIP)
