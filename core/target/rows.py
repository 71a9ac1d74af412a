"""Object rows: what a recorded object looks like in the table of a profile.

The hot path (`guide` and every profile that needs the metadata as one text) splices `pin` and
`vgwm` into the worker's text; nothing is parsed. Profiles with a column per attribute parse it.
Source: guide.md 5.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from core.model import MetaText
from core.target.attributes import attribute_values
from core.target.shape import TIMESTAMP_END_NS, Row, Source, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.target.profile import Profile

_PLAIN: Final = (
    Source.BUCKET,
    Source.KEY,
    Source.CID,
    Source.SIZE,
    Source.CREATED,
    Source.MODIFIED,
    Source.METADATA,
    Source.PIN_STATUS,
)
_CONSTANT: Final[dict[Source, Value]] = {
    Source.NULL: None,
    Source.ZERO: 0,
    Source.TRUE: True,
    Source.FALSE: False,
}


class RowEntry(NamedTuple):
    """A current object of a pinned bundle. A plain tuple of this shape does as well.

    name: of the object in the bundle's directory, `000000`. Times: UTC ns.
    created_ns: the version id's own time, else the same as mtime_ns.
    """

    key: str
    cid_text: str
    size: int
    mtime_ns: int
    created_ns: int
    meta: MetaText
    name: str


PlainEntry: TypeAlias = tuple[str, str, int, int, int, MetaText, str]
"""A RowEntry without its names: what crosses from a worker."""


class PinnedBundle(NamedTuple):
    """What a bundle's rows share.

    peers: ids of the cluster peers seen pinned. owner: the bucket's, "" if it has none.
    """

    bucket: str
    root_text: str
    id: int
    peers: tuple[str, ...] = ()
    owner: str = ""


class RowMaker:
    """Makes the rows of one profile, in column order.

    workspace_id: stands in each row as `vgwm.plan`; by it a row is known to be ours.
    """

    def __init__(self, profile: Profile, workspace_id: str) -> None:
        self._workspace_id = workspace_id
        self._pinned = profile.pin_status["pinned"]
        self._sources = profile.objects.sources
        self.cid_position = self._sources.index(Source.CID)
        """Where the CID stands in a row."""
        self._permute: Callable[[Row], Row] | None = None
        self._parses = not set(self._sources) <= {*_PLAIN, *_CONSTANT}
        if not self._parses and self._sources != _PLAIN:
            # Constants stand behind the plain values, so that one itemgetter picks both.
            order = (*_PLAIN, *_CONSTANT)
            picks = [order.index(source) for source in self._sources]
            self._permute = itemgetter(*picks)

    # Ten flat values: a caller that has them one by one pays for no tuple in between.
    def guide_row(  # noqa: PLR0913, PLR0917
        self,
        bucket: str,
        key: str,
        cid_text: str,
        size: int,
        mtime_ns: int,
        created_ns: int,
        meta: MetaText,
        name: str,
        root_text: str,
        bundle_id: int,
    ) -> Row:
        """Return one row of the `guide` profile: its eight values, whatever the profile is.

        A time outside 1970..2106 becomes None (class `timestamp_range`). `rows` is the fast way.
        """
        entry = RowEntry(key, cid_text, size, mtime_ns, created_ns, meta, name)
        return self._plain_rows(PinnedBundle(bucket, root_text, bundle_id), (entry,))[0]

    def rows(self, bundle: PinnedBundle, entries: Iterable[PlainEntry]) -> list[Row]:
        """Return the rows of a bundle's current objects, in the order given.

        One call per bundle: 0.9 us an object for `guide`, 20 for a profile that parses.
        """
        plain = self._plain_rows(bundle, entries)
        if self._parses:
            return self._parsed_rows(bundle, plain)
        if self._permute is None:
            return plain
        constants = tuple(_CONSTANT.values())
        return [self._permute((*row, *constants)) for row in plain]

    def _plain_rows(self, bundle: PinnedBundle, entries: Iterable[PlainEntry]) -> list[Row]:
        bucket, pinned, end = bundle.bucket, self._pinned, TIMESTAMP_END_NS
        at_root = f'","root":"{bundle.root_text}"}}'
        ours = f',"vgwm":{{"bundle":{bundle.id},"plan":"{self._workspace_id}"}}'
        return [
            (
                bucket,
                key,
                cid_text,
                size,
                created_ns // 1000 if 0 <= created_ns < end else None,
                mtime_ns // 1000 if 0 <= mtime_ns < end else None,
                f'{{{head},"pin":{{"path":"{name}{at_root}{mid}{ours}{tail}}}',
                pinned,
            )
            for key, cid_text, size, mtime_ns, created_ns, (head, mid, tail), name in entries
        ]

    def _parsed_rows(self, bundle: PinnedBundle, plain: list[Row]) -> list[Row]:
        made: list[Row] = []
        for row in plain:
            values = dict(zip(_PLAIN, row, strict=True))
            values.update(_CONSTANT)
            values.update(attribute_values(str(values[Source.METADATA]), bundle.peers))
            values[Source.BUCKET_OWNER] = bundle.owner or None
            made.append(tuple(values[source] for source in self._sources))
        return made
