"""What lies beside a bucket's keys is counted and named."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from core.model import Unrepresentable
from core.source.posix.beside import beside
from core.source.posix.names import hash_folder
from tests.integration.source.tree import ENABLED

if TYPE_CHECKING:
    from tests.integration.source.tree import HandTree

ULID = b"01M82TCBGRT4GGFVVW68KGQABX"


def _upload(tree: HandTree, key: bytes, name: bytes, parts: dict[bytes, bytes]) -> None:
    folder = b".sgwtmp/multipart/" + sha256(key).hexdigest().encode()
    for part, body in parts.items():
        tree.put(folder + b"/" + name + b"/" + part, body)
    top = tree.root / "bucket" / folder.decode()
    (top / name.decode()).mkdir(parents=True, exist_ok=True)
    tree.mark(top, {"objname": key})


def test_uploads_are_named_by_their_key(tree: HandTree) -> None:
    tree.bucket()
    _upload(tree, b"some/key", b"4dd0", {b"1": b"abc", b"7": b"de"})
    _upload(tree, b"some/key", b"5ee1", {})
    _upload(tree, b"other", b"6ff2", {b"2": b"x"})
    found = {one.detail.split(",")[0]: one for one in beside(*tree.opened())}
    assert {one.reason for one in found.values()} == {Unrepresentable.UPLOAD_IN_PROGRESS}
    assert {words: (one.name, one.size_bytes) for words, one in found.items()} == {
        "2 parts of upload 4dd0": (b"some/key", 5),
        "0 parts of upload 5ee1": (b"some/key", 0),
        "1 parts of upload 6ff2": (b"other", 1),
    }
    assert tree.walked() == ([], [])


def test_what_a_killed_upload_left_is_named(tree: HandTree) -> None:
    tree.bucket()
    tree.put(b".sgwtmp/%b.123" % (b"a" * 64), b"12345", {})
    ((found),) = beside(*tree.opened())
    assert (found.reason, found.size_bytes) == (Unrepresentable.LEFTOVER_TEMP, 5)
    assert found.name == b".sgwtmp/" + b"a" * 64 + b".123"


def test_versions_of_no_known_key_are_named(tree: HandTree) -> None:
    tree.bucket(attributes=ENABLED)
    for key in (b"a/b", b"c"):
        tree.put(key)
        tree.version(key, ULID)
    tree.put(b"no/versions")
    assert list(beside(*tree.opened())) == []
    tree.version(b"a//b", ULID, b"12")  # filed under the raw key, listed by no S3 call
    tree.version(b"a//b", b"null", b"345")
    ((found),) = beside(*tree.opened())
    assert (found.reason, found.name) == (
        Unrepresentable.UNREACHABLE_VERSION,
        hash_folder(b"a//b"),
    )
    assert found.size_bytes == 5


def test_an_ordinary_bucket_has_nothing_beside_it(tree: HandTree) -> None:
    tree.bucket()
    tree.put(b"a")
    assert list(beside(*tree.opened())) == []
