"""What the kernel tells of a tree, as names of objects; as root, or skipped with its reason."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.errors import Denied
from core.source.hints import Names
from core.source.posix import fanotify
from core.source.posix.fanotify import Event
from core.source.posix.tree_events import TreeEvents
from tests.integration.source.tree import etag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.source.tree import HandTree


class Heard:
    """A tree that is listened to."""

    def __init__(self, tree: HandTree) -> None:
        self.tree = tree
        self.bucket = tree.bucket()
        tree.put(b"old/one")
        tree.put(b"old/two")
        self.events = TreeEvents(tree.source().config)
        self.names = Names()

    def told(self) -> list[bytes]:
        self.events.gather(self.names)
        return list(self.names.take(settled=False).get(b"bucket", []))


@pytest.fixture
def heard(tree: HandTree) -> Iterator[Heard]:
    heard = Heard(tree)
    try:
        heard.events.begin()
    except Denied as error:
        heard.events.close()
        pytest.skip(f"{error.what}: it needs root")
    yield heard
    heard.events.close()


def test_every_change_of_a_name_is_told_whoever_makes_it(heard: Heard) -> None:
    tree = heard.tree
    assert heard.told() == []
    tree.put(b"top")
    tree.put(b"new/deep/k")
    (heard.bucket / "old/one").unlink()
    tree.mark(heard.bucket / "old/two", {"X-Amz-Tagging": b'{"a":"b"}'})
    named = set(heard.told())
    assert {b"top", b"new/deep/k", b"old/two", b"old/one"} <= named
    assert named <= {
        *(b"top", b"top/", b"new/", b"new/deep/", b"new/deep/k", b"new/deep/k/"),
        *(b"old/one", b"old/two", b"old/two/"),
    }
    assert (heard.told(), heard.names.wide) == ([], "")


def test_an_object_that_is_a_folder_is_told_as_one(heard: Heard) -> None:
    heard.tree.mark(heard.bucket / "old", etag(b""))
    assert b"old/" in heard.told()


def test_what_goes_with_its_folder_is_told_where_the_folder_was_known(heard: Heard) -> None:
    heard.tree.put(b"short/lived")
    heard.told()
    (heard.bucket / "short/lived").unlink()
    (heard.bucket / "short").rmdir()
    assert b"short/lived" in heard.told()


def test_the_gateways_own_files_are_no_objects(heard: Heard) -> None:
    heard.tree.put(b".sgwtmp/multipart/x/1", attributes={})
    heard.tree.put(b".k.sgwtmp.1790000000000000000", attributes={})
    assert heard.told() == []


def test_a_renamed_folder_gives_names_up_for_a_full_round(heard: Heard) -> None:
    heard.tree.put(b"old/three")
    assert b"old/three" in heard.told(), "its path is known"
    (heard.bucket / "old").rename(heard.bucket / "young")
    assert heard.told() == []
    assert "renamed" in heard.names.wide
    heard.names.narrow()
    heard.tree.put(b"young/four")
    assert b"young/four" in heard.told()


def test_a_queue_that_ran_over_gives_names_up_for_a_full_round(
    xattr_tree: HandTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's own overflow takes 16,384 events: only its mark is played here."""
    events, names = TreeEvents(xattr_tree.source().config), Names()
    over = [Event(fanotify.CREATED, bytes(xattr_tree.root / "bucket"), b"k")]
    over.append(Event(fanotify.OVERFLOW, b"", b""))
    monkeypatch.setattr(events._watch, "events", lambda: iter(over))  # noqa: SLF001 - the kernel's place
    events.gather(names)
    assert "ran over" in names.wide
    assert not names.take(settled=False)


def test_i6_watching_changes_nothing_and_gives_its_descriptors_back(heard: Heard) -> None:
    path = heard.bucket / "old/two"
    for one in (path, path.parent, heard.bucket, heard.tree.root):
        os.utime(one, ns=(1, one.stat().st_mtime_ns))
    heard.told()
    atimes = [one.stat().st_atime_ns for one in (path, path.parent, heard.bucket, heard.tree.root)]
    assert atimes == [1] * 4
    heard.events.close()
    heard.events.begin()
    heard.tree.put(b"again")
    assert b"again" in heard.told()
