"""What a look at the bytes found, as a side of a join. May import its own room."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from core.display import safe
from core.errors import Broken
from core.verify.difference import Difference, Ill, Listed
from core.verify.findings import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ROWS: Final = 500
_PAGE: Final = (
    "SELECT listed,bucket,key,ver,ill,field,wanted,found,place,bun FROM found"
    " WHERE bucket=? AND key>? ORDER BY key,ver,ill,place,bun"
)


class FoundRows:
    """Reads the findings in a verification's folder; none where nobody looked."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._conn: sqlite3.Connection | None = None
        if self._path.exists():
            uri = f"file:{quote(os.fsencode(self._path.absolute()))}?mode=ro"
            try:
                self._conn = sqlite3.connect(uri, uri=True)
            except sqlite3.Error as error:
                raise self._fault(error) from error

    def pages(self, bucket: bytes, after: bytes) -> Iterator[list[Difference]]:
        """Yield a bucket's findings behind a key, by key and version."""
        if self._conn is None:
            return
        try:
            cursor = self._conn.execute(_PAGE, (bucket, after))
            while page := cursor.fetchmany(_ROWS):
                yield [
                    Difference(Listed(one[0]), one[1], one[2], one[3], Ill(one[4]), *one[5:])
                    for one in page
                ]
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def close(self) -> None:
        """Close the file."""
        if self._conn is not None:
            self._conn.close()

    def _fault(self, error: sqlite3.Error) -> Broken:
        return Broken(
            what=f"the findings of a verification cannot be read ({type(error).__name__})",
            where=safe(os.fsencode(self._path)),
            remedy="Verify again: the bytes are read anew.",
        )
