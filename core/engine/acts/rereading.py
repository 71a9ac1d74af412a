"""Reading failed objects again, to tell those whose bytes contradict their stored checksum.

Runs in a thread: hashing leaves the interpreter free. May import the source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import VgwmError
from core.model import Integrity
from core.source.chosen import open_source
from core.source.posix.integrity import integrity_stream, verdict_small
from core.source.posix.large import page_buffer
from core.source.posix.outcome import Changed, Gone, SmallRead, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.ledger.failure_looks import Standing
    from core.source.chosen import SourceConfig
    from core.source.source import LargeBody, Reader

WHOLE_BYTES: Final = 1 << 20
"""Objects up to here are read at once; larger ones by chunks of that size."""

_ETAGS: Final = "off"  # an ETag that does not fit tells of an edit, not of rot


class Rereader:
    """Reads objects of one source again. buckets: name by id."""

    def __init__(self, config: SourceConfig, buckets: Mapping[int, bytes]) -> None:
        self._source = open_source(config)
        self._buckets = buckets

    def corrupt(self, objects: Iterable[Standing]) -> list[Standing]:
        """Return those whose bytes, as they are now, contradict their stored checksum.

        What cannot be read, has no checksum, or changes while it is read is none of them.
        """
        found: list[Standing] = []
        open_id, reader = -1, None
        try:
            for one in objects:
                if reader is None or one.bucket_id != open_id:
                    if reader is not None:
                        reader.close()
                    reader, open_id = self._open(one.bucket_id), one.bucket_id
                if reader is not None and _contradicts(reader, one):
                    found.append(one)
        finally:
            if reader is not None:
                reader.close()
        return found

    def _open(self, bucket_id: int) -> Reader | None:
        try:
            return self._source.reader(self._buckets[bucket_id])
        except (VgwmError, KeyError):
            return None  # a bucket that cannot be opened: nothing of it is read


def _contradicts(reader: Reader, one: Standing) -> bool:
    got = reader.read_small(one.key, one.version, WHOLE_BYTES)
    if type(got) is SmallRead:
        verdict = verdict_small(got.body, got.attributes, _ETAGS)
        return verdict is Integrity.BAD_CHECKSUM
    if isinstance(got, SmallRead | Gone | Changed | Unreadable):
        return False
    with got:
        return _large_contradicts(got)


def _large_contradicts(got: LargeBody) -> bool:
    proof = integrity_stream(got.attributes, got.size_bytes, _ETAGS)
    done = 0
    try:
        for chunk in got.chunks(page_buffer(WHOLE_BYTES)):
            proof.update(chunk)
            done += len(chunk)
        whole = done == got.size_bytes and got.unchanged()
    except OSError:
        return False
    return whole and proof.verdict() is Integrity.BAD_CHECKSUM
