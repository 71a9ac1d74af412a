"""The five lists on disk: NDJSON files, and beside them what makes any page of them cheap.

    equal.ndjson differ.ndjson missing.ndjson extra.ndjson error.ndjson
    index/lists.json          rows, objects, kinds and buckets of each list; there last of all
    index/LIST.steps          pairs (first row, byte offset), 8 bytes each: a step every some rows
    index/LIST.KIND.rows      the byte offset of every row of one kind, 8 bytes each

Rows stand in order of bucket; within a bucket by key, but that keys that were equal at a second
look follow the part that they are of. Pure but for its files; may import its own room.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import msgspec

from core.verify.difference import Listed

if TYPE_CHECKING:
    from pathlib import Path

LISTS: Final = tuple(Listed)
FOLDER: Final = "index"
CONTENTS: Final = "lists.json"
STEP: Final = struct.Struct("<qq")
OFFSET: Final = struct.Struct("<q")
MOST_STEP: Final = 4_096
"""Rows from one step to the next: what a page reads and passes over at the most."""


class BucketRows(msgspec.Struct, frozen=True, array_like=True):
    """Where a bucket's rows stand in a list. name: safe to show. end: behind its last byte."""

    name: str
    first: int
    rows: int
    begin: int
    end: int


class ListTold(msgspec.Struct, frozen=True, kw_only=True):
    """One list: its lines, the keys that are counted in it, its lines by kind."""

    rows: int = 0
    objects: int = 0
    kinds: dict[str, int] = {}
    buckets: list[BucketRows] = []


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What `lists.json` says. partial: the verification ended before its end."""

    v: int = 1
    partial: bool = False
    lists: dict[Listed, ListTold] = {}


def list_path(folder: Path, listed: Listed) -> Path:
    """Return the file of a list."""
    return folder / f"{listed}.ndjson"


def steps_path(folder: Path, listed: Listed) -> Path:
    """Return the file of a list's steps."""
    return folder / FOLDER / f"{listed}.steps"


def rows_path(folder: Path, listed: Listed, kind: str) -> Path:
    """Return the file of the offsets of a kind's rows."""
    return folder / FOLDER / f"{listed}.{kind}.rows"


def contents_path(folder: Path) -> Path:
    """Return the file that is there once the lists are whole."""
    return folder / FOLDER / CONTENTS
