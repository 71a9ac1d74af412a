"""Access logs: who signed a request, from lines as the gateway writes them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput
from core.iam.access_log import callers

if TYPE_CHECKING:
    from pathlib import Path

LOG = """log starts 2026-11-25 23:00:13.941521422 +0000 UTC m=+0.014509399
AKOWN abc [25/November/2026:23:00:14 +0000] 127.0.0.1 AKB 80PYQOYJ s3_CreateBucket - /abc 200
AKOWN abc [25/November/2026:23:00:14 +0000] 127.0.0.1 - LRFZ06RG s3_GetObject k AKSEEN /abc/k 403

"""


def test_the_caller_counts_and_not_the_owner_nor_a_key_of_an_object(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(LOG)
    with gzip.open(tmp_path / "b.log.gz", "wt") as packed:
        packed.write(LOG.replace("AKB", "AKC"))
    assert callers([tmp_path / "a.log", tmp_path / "b.log.gz"]) == {"AKB", "AKC", "-"}


@pytest.mark.parametrize("content", [b"", b"log starts\n", b"\x1f\x8b\x08cut", b"\0" * 100])
def test_a_file_that_is_no_access_log_is_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("a.log", "a.log.gz"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match="access log"):
            callers([tmp_path / name])


def test_an_absent_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        callers([tmp_path / "absent"])
