"""Keys that break naive code: a fixed list, and as many more as hypothesis invents."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from core.model import Unrepresentable

if TYPE_CHECKING:
    from pathlib import Path

MOST_NAME = 255
MOST_KEY = 1_024

FIXED: tuple[bytes, ...] = (
    *(
        b" ",
        b"  lead",
        b"trail ",
        b"trail/ ",
        b"\t/ /x",
        b"tab\there",
        b"new\nline",
        b"cr\r\nlf",
        b"\n",
    ),
    *(b"\x01", b"\x1b[2Jclear", b"\x1b]52;c;aGk=\x07", b"\x7f", b"bell\x07", b"\x08\x08"),
    *(b"back\\slash", b"\\", b"a\\x41", b"%2F", b"a%2Fb", b"a/%2F", b"%", b"%%", b"100%", b"%zz"),
    *(b"?", b"a?versionId=null", b"#", b"a&b=c", b"a+b", b"a;b", b"$(id)", b"`id`", b"'", b'"'),
    *(b"-", b"--help", b"-rf", b"*", b"~", b"|", b"<>", b":", b"a:b", b"...", b"..x", b".x", b"x."),
    *(b".hidden/.x", b"...../..a", b"null", b"manifest", b"000000", b"meta", b"etag/meta", b"CON"),
    *("é.txt".encode(), "é.txt".encode(), "Å".encode(), "Å".encode(), "Å".encode()),
    *(
        "😀".encode(),
        "👩‍👩‍👧‍👦".encode(),
        "🇩🇪/🏴󠁧󠁢󠁳󠁣󠁴󠁿".encode(),
        "漢字/かな".encode(),
        "ﬁ".encode(),
        "ß".encode(),
        "ẞ".encode(),
    ),
    *("\u202egnp.exe".encode(), "a\u2066b\u2069".encode(), "\u200b".encode(), "\ufeffbom".encode()),
    *("\u2028".encode(), "\x85".encode(), "\xa0".encode(), "\ufffd".encode(), "\uffff".encode()),
    *("\U0010ffff".encode(), "\ue000".encode(), ("z" + "\u0301" * 60).encode(), "İi".encode()),
    *(b"A", b"Aa/x", b"AA/x", b"aa/x", b"a.b", b"a-b/c", b"a/b", b"a/c/d", b"a/", b"a/c/", b"e/"),
    *(b"x" * MOST_NAME, b"y" * MOST_NAME + b"/z", ("ü" * 127).encode(), b"w" * 200 + b"/"),
    b"/".join((b"k" * 255, b"l" * 255, b"m" * 255, b"n" * 255))[:MOST_KEY],
    b"/".join(b"d" for _ in range(MOST_KEY // 2 - 1)) + b"/ee",
    b"o" * 255 + b"/" + b"/".join((b"p" * 250,) * 4),
    *(b"\xff", b"ok/\xfe", b"\xc3(", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5/below", b"\xf5/odd/"),
    *(b"q\xe9/", b"caf\xe9/menu", b"\x80\n", b"ok/\xff\x1b[31m"),
    *(
        b".f.sgwtmp.123456789012345",
        b"g/.\n.sgwtmp.1234567890123456",
        b"g/.sgwtmp/u",
        b"g/.sgwtmp/d/",
    ),
)
"""A trailing slash makes a directory object. All of these a file system can hold."""

NEVER: tuple[bytes, ...] = (
    b"a//b",
    b"//",
    b"/",
    b".",
    b"..",
    b"a/./b",
    b"a/../b",
    b"nul\0",
    b"a/..",
)
"""Keys that S3 knows and no file system can hold as such."""


def invented(fault_seed: int, examples: int) -> list[bytes]:
    """Return at least twelve keys an example by a seed, in no order, some of them twice."""
    found: list[bytes] = []

    @seed(fault_seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(_keys(), min_size=12, max_size=30, unique=True))
    def collect(keys: list[bytes]) -> None:
        found.extend(keys)

    collect()
    return found


def placed(keys: list[bytes]) -> list[bytes]:
    """Return those that can lie beside each other: no file where a directory must be."""
    files: set[bytes] = set()
    folders: set[bytes] = set()
    kept: list[bytes] = []
    for key in dict.fromkeys(keys):
        bare = key.rstrip(b"/")
        parts = bare.split(b"/")
        above = {b"/".join(parts[:n]) for n in range(1, len(parts))}
        if above & files or bare in files or (not key.endswith(b"/") and bare in folders):
            continue
        folders |= above
        (folders if key.endswith(b"/") else files).add(bare)
        kept.append(key)
    return kept


def expected(key: bytes) -> Unrepresentable | None:
    """Return the class under which a key is skipped, None if it is an object. As docs/source.md."""
    parts = key.rstrip(b"/").split(b"/")
    for part in parts:  # the topmost reason holds for all that lies below
        if part == b".sgwtmp":
            return Unrepresentable.NESTED_SGWTMP
        try:
            part.decode()
        except UnicodeDecodeError:
            return Unrepresentable.KEY_NOT_UTF8
    if b".sgwtmp." in parts[-1] and not key.endswith(b"/"):
        return Unrepresentable.LEFTOVER_TEMP
    return None


def put(bucket: Path, key: bytes, body: bytes, attributes: dict[str, bytes]) -> None:
    """Write an object as the gateway would; a key may be longer than a path."""
    *folders, name = key.rstrip(b"/").split(b"/")
    if key.endswith(b"/"):
        folders.append(name)
    at = os.open(bucket, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, dir_fd=at)
            below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        fd = at
        if not key.endswith(b"/"):
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=at)
        for attribute, value in attributes.items():
            os.setxattr(fd, attribute, value)
        if fd != at:
            os.write(fd, body)
            os.close(fd)
    finally:
        os.close(at)


def _keys() -> st.SearchStrategy[bytes]:
    odd = st.sampled_from("\x01\n\r\t\x1b\x7f\\%?#&+ .-~*'\"\u202e\u200f\u0301\ufeff\u2028é😀漢")
    character = st.one_of(odd, st.characters(exclude_characters="/\0", codec="utf-8"))
    text = st.text(character, min_size=1, max_size=24)
    long = st.builds(lambda part, times: part * times, text, st.integers(1, 60))
    name = st.one_of(text, text, long).map(lambda said: _name(_cut(said, MOST_NAME)))
    raw = st.binary(min_size=1, max_size=12).map(_name)
    readable = st.lists(name, min_size=1, max_size=5).map(b"/".join)
    unreadable = st.lists(raw, min_size=1, max_size=3).map(b"/".join)
    slash = st.sampled_from([b"", b"", b"", b"/"])
    return st.builds(
        lambda one_in_ten, key, other, slash: _whole(key if one_in_ten else other) + slash,
        st.integers(0, 9),
        readable,
        unreadable,
        slash,
    )


def _cut(said: str, most: int) -> bytes:
    """Return text in at most so many bytes, by whole characters."""
    return said.encode()[:most].decode(errors="ignore").encode()


def _name(raw: bytes) -> bytes:
    """Return a name that a directory can hold, made of any bytes."""
    cut = raw.replace(b"/", b":").replace(b"\0", b"0")[:MOST_NAME]
    return cut if cut not in {b".", b"..", b".sgwtmp"} else b"_" + cut


def _whole(key: bytes) -> bytes:
    """Return a key that leaves room for a slash; what cutting left of a name is mended."""
    parts = key[: MOST_KEY - 1].decode(errors="surrogateescape").split("/")
    if len(key) >= MOST_KEY:  # the last character may have been cut in two
        parts = [part.encode(errors="surrogateescape").decode(errors="ignore") for part in parts]
    named = (_name(part.encode(errors="surrogateescape")) for part in parts if part)
    return b"/".join(named)
