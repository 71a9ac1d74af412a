"""The join against a model: each key judged by itself, whatever pages and parts it came in."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.display import parse_object_name
from core.ledger.rows import RACY
from core.model import ObjectState
from core.verify import join as joining
from core.verify.difference import Difference, Ill, Listed
from core.verify.key_judge import Kind
from core.verify.lines import read_line
from core.verify.list_files import list_path
from core.verify.sides import PinSeen
from tests.unit.verify.joined import BUCKET, World, join

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.verify.ledger_row import LedgerRow

ULID = "01J0000000ABCDEFGHJKMNPQRS"


@pytest.fixture(autouse=True)
def _short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stretches end everywhere, within the versions of a key as well."""
    monkeypatch.setattr(joining, "PAGE", 5)
    monkeypatch.setattr(joining, "SMALL", 4)


def listed(folder: Path) -> dict[tuple[bytes, bytes], set[tuple[Listed, str, str]]]:
    """Return what the lists on disk say: by key and version, its lists, kinds and fields."""
    found: dict[tuple[bytes, bytes], set[tuple[Listed, str, str]]] = {}
    for one in Listed:
        for raw in list_path(folder, one).read_bytes().splitlines():
            line = read_line(raw)
            bucket, key, version = parse_object_name(line.object)
            assert bucket == BUCKET
            found.setdefault((key, version), set()).add((one, line.kind, line.field))
    return found


def wanted(world: World) -> dict[tuple[bytes, bytes], set[tuple[Listed, str, str]]]:
    """Return the same, each key judged by itself."""
    told: dict[tuple[bytes, bytes], set[tuple[Listed, str, str]]] = {}
    for name, said in world.judged().items():
        if said.kind is Kind.LISTED:
            lines = {(one.listed, str(one.ill), one.field) for one in said.lines}
            told[name] = lines or {(Listed.EQUAL, "", "")}
    return told


def changed(row: LedgerRow, at: int, value: object) -> LedgerRow:
    return (*row[:at], value, *row[at + 1 :])  # type: ignore[return-value] # of the column's type


def lose_row(world: World, key: bytes) -> None:
    world.rows.pop(key, None)


def lose_kept(world: World, key: bytes) -> None:
    world.kept.pop((key, b""), None)


def lose_seen(world: World, key: bytes) -> None:
    world.seen.pop((key, b""), None)


def change_row(world: World, key: bytes) -> None:
    if key in world.rows:
        row = list(world.rows[key])
        at = random.Random(key).randrange(2, 7)  # noqa: S311 - a test's choice
        old = row[at]
        row[at] = old + 1 if isinstance(old, int) else str(old).replace("u", "w", 1)
        world.rows[key] = tuple(row)


def restate(world: World, key: bytes) -> None:
    if (key, b"") in world.kept:
        state = random.Random(key).choice(list(ObjectState))  # noqa: S311 - as above
        world.kept[key, b""] = changed(world.kept[key, b""], 6, int(state))


def move_source(world: World, key: bytes) -> None:
    if (key, b"") in world.seen:
        look = world.seen[key, b""]
        world.seen[key, b""] = look._replace(ctime_ns=look.ctime_ns + 1)


def make_racy(world: World, key: bytes) -> None:
    if (key, b"") in world.kept:
        world.kept[key, b""] = changed(world.kept[key, b""], 5, RACY)


def spoil_bytes(world: World, key: bytes) -> None:
    world.found.append(Difference(Listed.DIFFER, BUCKET, key, b"", Ill.BAD_BYTES, bundle=1))


DEEDS: list[Callable[[World, bytes], None]] = [
    *(lose_row, lose_kept, lose_seen, change_row),
    *(restate, move_source, make_racy, spoil_bytes),
]


def mixed_world(seed: int) -> World:
    """Return a world of versions, markers and some dozen keys, with random faults."""
    dice = random.Random(seed)  # noqa: S311 - the same faults every time
    world = World(chunk=dice.choice((1, 3, 7, 50)), recorded_only=dice.random() < 0.3)
    keys = [f"d{n % 5}/k{dice.randrange(1000):03d}é".encode() for n in range(60)]
    for n, key in enumerate(sorted(set(keys))):
        world.put(key, bundle=n // 10 + 1, version_id=ULID if dice.random() < 0.2 else "")
        for version in range(dice.choice((0, 0, 0, 1, 9))):
            size = None if dice.random() < 0.3 else 3
            world.put(key, b"01V%023d" % version, size=size, bundle=n // 10 + 1)
    if dice.random() < 0.5:
        world.pins[2] = PinSeen(world.pins[2].root, ills=(("kubo-1", "unpinned"),))
    if dice.random() < 0.5:
        world.pins[3] = PinSeen(world.pins[3].root, unread=(("kubo-2", "silent"),))
    if dice.random() < 0.3:
        del world.pins[4]
    for _ in range(dice.choice((0, 1, 12))):
        dice.choice(DEEDS)(world, dice.choice(keys))
    return world


@pytest.mark.parametrize("in_file", [True, False])
@pytest.mark.parametrize("seed", range(24))
def test_every_key_is_in_the_list_that_it_has_when_judged_alone(
    tmp_path: Path, seed: int, *, in_file: bool
) -> None:
    world = mixed_world(seed)
    names = [name[0] for name in world.names()]
    cuts = random.Random(seed).sample(names, 2)  # noqa: S311 - as above
    contents = join(tmp_path, world, in_file=in_file, cuts=cuts)
    assert listed(tmp_path) == wanted(world)
    judged = [said.listed for said in world.judged().values() if said.kind is Kind.LISTED]
    assert {one: told.objects for one, told in contents.lists.items()} == {
        one: judged.count(one) for one in Listed
    }


@pytest.mark.parametrize("in_file", [True, False])
def test_a_world_without_a_fault_needs_no_second_look(tmp_path: Path, *, in_file: bool) -> None:
    world = World()
    for n in range(60):
        world.put(b"k%04d" % n, bundle=n // 15 + 1, version_id=ULID if n % 3 else "")
        for version in range(n % 4):  # a page ends between the versions of a key
            world.put(b"k%04d" % n, b"01V%023d" % version, bundle=n // 15 + 1)
    contents = join(tmp_path, world, in_file=in_file)
    assert contents.lists[Listed.EQUAL].objects == len(world.seen) == 150
    assert not list((tmp_path / "parts").glob("*.judged"))


@pytest.mark.parametrize("at", range(2, 7))
@pytest.mark.parametrize("in_file", [True, False])
def test_no_column_of_a_row_can_change_unseen(tmp_path: Path, at: int, *, in_file: bool) -> None:
    world = World()
    for n in range(40):
        world.put(b"k%04d" % n)
    row = list(world.rows[b"k0017"])
    row[at] = row[at] + 1 if isinstance(row[at], int) else f"{row[at]}"[:-1]  # type: ignore[operator] # an int
    world.rows[b"k0017"] = tuple(row)
    join(tmp_path, world, in_file=in_file)
    told = listed(tmp_path)
    assert {one for one, _, _ in told.pop((b"k0017", b""))} == {Listed.DIFFER}
    assert set().union(*told.values()) == {(Listed.EQUAL, "", "")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"root":"', '"root":"x'),
        ('"root":"baf', '"root":"bag'),
        ('"bundle":1', '"bundle":2'),
        ('"plan":"0a', '"plan":"1a'),
        (',"vgwm":{"bundle":1,"plan":"0a1b2c3d"}', ""),
        ('"name":"u"', '"name":"v"'),
        ('"v":1', '"v":1,"x":{"pin":1}'),
    ],
)
@pytest.mark.parametrize("in_file", [True, False])
def test_no_member_of_the_metadata_can_change_unseen(
    tmp_path: Path, old: str, new: str, *, in_file: bool
) -> None:
    world = World()
    for n in range(10):
        world.put(b"k%04d" % n)
    row = world.rows[b"k0004"]
    world.rows[b"k0004"] = (*row[:6], str(row[6]).replace(old, new), row[7])
    join(tmp_path, world, in_file=in_file)
    assert {one for one, _, _ in listed(tmp_path)[b"k0004", b""]} == {Listed.DIFFER}


def test_a_racy_key_is_looked_at_at_once_and_dirty_if_its_attributes_moved(tmp_path: Path) -> None:
    world = World()
    for n in range(10):
        world.put(b"k%04d" % n)
        make_racy(world, b"k%04d" % n)
    look = world.seen[b"k0003", b""]
    world.seen[b"k0003", b""] = look._replace(mh=look.mh + 1)
    join(tmp_path, world, in_file=True)
    told = listed(tmp_path)
    assert told.pop((b"k0003", b"")) == {(Listed.MISSING, "source_moved", "metadata")}
    assert set().union(*told.values()) == {(Listed.EQUAL, "", "")}


@pytest.mark.parametrize("in_file", [True, False])
def test_a_profile_without_the_metadata_in_a_column_is_compared_column_by_column(
    tmp_path: Path, *, in_file: bool
) -> None:
    world = World(profile="extended")
    for n in range(10):
        world.put(b"k%04d" % n)
    row = list(world.rows[b"k0004"])
    at = next(n for n, value in enumerate(row) if value == '{"name":"u"}')
    row[at] = '{"name":"w"}'
    world.rows[b"k0004"] = tuple(row)
    join(tmp_path, world, in_file=in_file)
    told = listed(tmp_path)
    assert told.pop((b"k0004", b"")) == {(Listed.DIFFER, "wrong_metadata", "user_metadata")}
    assert set().union(*told.values()) == {(Listed.EQUAL, "", "")}


def test_an_unread_source_is_an_error_and_never_equal(tmp_path: Path) -> None:
    world = World()
    for n in range(3):
        world.put(b"k%04d" % n)
        make_racy(world, b"k%04d" % n)
    look = world.seen[b"k0001", b""]
    world.seen[b"k0001", b""] = look._replace(unread="Permission denied")
    join(tmp_path, world, in_file=True)
    assert listed(tmp_path)[b"k0001", b""] == {(Listed.ERROR, "unread", "source")}


def test_rows_of_a_bucket_that_nobody_else_knows_are_extra(tmp_path: Path) -> None:
    world = World()
    for n in range(30):
        world.put(b"k%04d" % n)
    world.seen.clear()
    world.kept.clear()
    join(tmp_path, world, in_file=True)
    assert set().union(*listed(tmp_path).values()) == {(Listed.EXTRA, "orphan_row", "row")}
    assert len(listed(tmp_path)) == 30


def test_a_line_is_json_with_its_object_first(tmp_path: Path) -> None:
    world = World()
    world.put(b'a"\\\n\xc2\xad%?', bundle=1)
    join(tmp_path, world, in_file=True)
    line = list_path(tmp_path, Listed.EQUAL).read_bytes()
    assert msgspec.json.decode(line) == {"object": 'photos/a"\\%0A%C2%AD%25%3F'}
