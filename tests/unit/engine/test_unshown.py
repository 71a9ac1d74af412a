"""What a table will not show is counted by class, for current objects only."""

from __future__ import annotations

import stat

from core.engine.worker.seal import Carried
from core.engine.worker.unshown import unshown
from core.model import Cid, MetaText, Unrepresentable

LATE_NS = 5_000_000_000 * 1_000_000_000
REDIRECT = MetaText('"mtime_ns":"1"', ',"v":1', ',"website_redirect":"/x"')
OWNER = (7, 8)
PLAIN = MetaText('"mtime_ns":"1"', ',"v":1', "")


def carried(  # noqa: PLR0913 - keywords, each with its default
    meta: MetaText,
    *,
    version: bytes = b"",
    mtime_ns: int = 1,
    marker: bool = False,
    uid: int = 7,
    mode: int = stat.S_IFREG | 0o644,
) -> Carried:
    cid = None if marker else Cid(bytes(36))
    return Carried(b"k", version, cid, 1, 1, 2, mtime_ns, 3, uid, 8, mode, 1, meta, b"")


def test_a_profile_that_holds_everything_loses_only_times_outside_its_range() -> None:
    found = unshown([carried(REDIRECT), carried(PLAIN, mtime_ns=LATE_NS)], frozenset(), OWNER)
    assert found == {"timestamp_range": 1}


def test_a_profile_of_columns_loses_what_it_has_no_column_for() -> None:
    lost = frozenset({Unrepresentable.WEBSITE_REDIRECT})
    assert unshown([carried(REDIRECT), carried(PLAIN)], lost, OWNER) == {"website_redirect": 1}


def test_old_versions_and_markers_are_in_the_manifest_alone() -> None:
    lost = frozenset({Unrepresentable.WEBSITE_REDIRECT})
    old = carried(REDIRECT, version=b"01V", mtime_ns=LATE_NS)
    assert not unshown([old, carried(REDIRECT, marker=True)], lost, OWNER)


def test_owner_and_mode_are_lost_where_they_are_not_what_the_gateway_gives() -> None:
    folder = carried(PLAIN, uid=1, mode=stat.S_IFDIR | 0o755)
    odd = [carried(PLAIN, uid=1), carried(PLAIN, mode=stat.S_IFREG | 0o600)]
    assert unshown([*odd, carried(PLAIN), folder], frozenset(), OWNER) == {"posix_owner_mode": 2}
