"""Columns of ledger and table against each other: no row of them may be wrong unseen."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.model import ObjectState
from core.target import profile as profiles
from core.target.sqlite_reader import connect
from core.verify.packed import Packed
from core.verify.packed_ledger import KeptPacked, glued, numbers, packed_rows, runs
from core.verify.page_match import PageMatch, _times_packed
from core.verify.row_texts import RowTexts
from core.verify.stint import Stint
from tests.unit.verify.joined import (
    BUCKET,
    MADE_NS,
    PLAN,
    ROOTS,
    World,
    join,
    ledger_file,
    table_file,
)
from tests.unit.verify.test_join import changed, listed, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.model import Entry

COLUMNS = ("cid", "size", "created_at", "updated_at", "metadata")


def world_of(rows: int, *, of: int = 5) -> World:
    """Return objects of bundles of so many each."""
    world = World()
    for n in range(rows):
        world.put(b"k%04d" % n, bundle=n // of % 8 + 1)
    return world


def entries(world: World) -> list[Entry]:
    return [
        (*name, look.size, look.ino, look.mtime_ns, look.ctime_ns)  # type: ignore[misc] # plain tuples, as the walk makes them
        for name, look in sorted(world.seen.items())
    ]


def columns(folder: Path, world: World) -> tuple[KeptPacked, Packed]:
    """Return the world's ledger and table as they are read from their files."""
    with closing(ledger_file(folder, world, most=10_000)) as ledger:
        kept = ledger.cut(1, b"", None, packed=True).packed
    with closing(table_file(folder, world, most=10_000)) as table:
        rows = table.cut(BUCKET.decode(), "", None).packed
    assert kept is not None
    assert rows is not None
    return kept, rows


def is_equal(world: World, kept: KeptPacked, rows: Packed) -> bool:
    match = PageMatch(profiles.load(world.profile), PLAN)
    return match.all_packed_equal(kept, entries(world), rows, world.pins)


def texts_are_equal(world: World) -> bool:
    """Tell whether the metadata of a world's rows is what its ledger has the digests of."""
    kept = [world.kept[key, b""] for key in sorted(world.rows)]
    texts = "\n".join(str(world.rows[key][6]) for key in sorted(world.rows)).encode()
    found = RowTexts(PLAN).digests(texts, runs([row[7] or 0 for row in kept]), world.pins)
    return found == b"".join((row[9] or 0).to_bytes(8, "big", signed=True) for row in kept)


@pytest.mark.parametrize("of", [1, 3, 7, 1_000])
def test_columns_of_equal_sides_are_equal_whatever_bundles_alternate(
    tmp_path: Path, of: int
) -> None:
    world = world_of(40, of=of)
    assert is_equal(world, *columns(tmp_path, world))


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("rows", [1, 2, 9])
def test_a_cell_without_a_value_is_never_equal(tmp_path: Path, column: str, rows: int) -> None:
    world = world_of(rows)
    kept, _ = columns(tmp_path, world)
    with closing(connect(tmp_path / "objects.db")) as conn:
        conn.execute(f"UPDATE versitygw_objects SET {column}=NULL WHERE s3_key='k0000'")  # noqa: S608 - of the test's own
    with closing(table_file(tmp_path, World(), most=10_000)) as table:
        found = table.cut(BUCKET.decode(), "", None).packed
    assert found is not None
    assert not is_equal(world, kept, found)


@pytest.mark.parametrize(("column", "gap"), [("cid", "aaaaa"), ("metadata", "\n")])
def test_a_cell_that_holds_its_neighbours_value_as_well_is_not_equal(
    tmp_path: Path, column: str, gap: str
) -> None:
    world = world_of(9)
    kept, _ = columns(tmp_path, world)
    update = f"UPDATE versitygw_objects SET {column}="  # noqa: S608 - of the test's own
    both = f"{column}||?||(SELECT {column} FROM versitygw_objects WHERE s3_key='k0001')"  # noqa: S608 - as above
    with closing(connect(tmp_path / "objects.db")) as conn:
        conn.execute(f"{update}{both} WHERE s3_key='k0000'", (gap,))
        conn.execute(f"{update}NULL WHERE s3_key='k0001'")
    with closing(table_file(tmp_path, World(), most=10_000)) as table:
        found = table.cut(BUCKET.decode(), "", None).packed
    assert found is not None
    assert not is_equal(world, kept, found)


@pytest.mark.parametrize("at", [2, 3, 4, 5, 7, 8, 9])
@pytest.mark.parametrize("rows", [1, 2, 9])
def test_a_column_of_the_ledger_without_a_value_is_never_equal(
    tmp_path: Path, at: int, rows: int
) -> None:
    world = world_of(rows)
    world.kept[b"k0000", b""] = changed(world.kept[b"k0000", b""], at, None)
    assert not is_equal(world, *columns(tmp_path, world))


def test_roots_that_two_bundles_have_from_each_other_are_not_equal(tmp_path: Path) -> None:
    world = world_of(20, of=10)
    for n in range(20):
        key = b"k%04d" % n
        mine, other = ROOTS[n // 10 + 1], ROOTS[2 - n // 10]
        row = world.rows[key]
        world.rows[key] = (*row[:6], str(row[6]).replace(mine, other), row[7])
    assert not is_equal(world, *columns(tmp_path, world))


def test_a_root_that_one_row_has_twice_and_another_lacks_is_not_equal(tmp_path: Path) -> None:
    world = world_of(10, of=10)
    root = f'","root":"{ROOTS[1]}"}}'
    for key, old, new in (
        (b"k0003", root, root[:-3] + 'a"}'),
        (b"k0004", root, root + f',"pin":{{"path":"000004{root}'),
    ):
        row = world.rows[key]
        world.rows[key] = (*row[:6], str(row[6]).replace(old, new), row[7])
    assert not is_equal(world, *columns(tmp_path, world))


@pytest.mark.parametrize("text", ["{}", "", '{"a":1}\n{"b":2}'])
def test_a_text_of_another_form_is_not_equal(tmp_path: Path, text: str) -> None:
    world = world_of(6)
    row = world.rows[b"k0002"]
    world.rows[b"k0002"] = (*row[:6], text, row[7])
    assert not is_equal(world, *columns(tmp_path, world))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('","root":', '0","root":'),
        ('{at:06d}","root":', '{at:05d}","root":'),
        (',"pin":{{"path":"{at:06d}', ',"a":1,"pin":{{"path":"'),
        ('{{"', '1{{"'),
        ('"}},"', '"}},"a":"b","'),
        (',"vgwm":', ',"z":0,"vgwm":'),
        ('"}}}}', '"}}}} '),
        ('"}}}}', '"}}}}\nx'),
        ("0a1b2c3d", "0a1b2c3e"),
    ],
)
@pytest.mark.parametrize("at", [0, 2, 9])
def test_a_text_among_others_that_are_alike_may_differ_nowhere(old: str, new: str, at: int) -> None:
    world = world_of(10, of=5)
    assert texts_are_equal(world)
    key = b"k%04d" % at
    row = world.rows[key]
    text = str(row[6]).replace(old.format(at=at), new.format(at=at), 1)
    assert text != row[6]
    world.rows[key] = (*row[:6], text, row[7])
    assert not texts_are_equal(world)


def test_texts_are_digested_alike_whether_or_not_their_ends_are() -> None:
    world = World()
    for n in range(12):
        world.put(b"k%04d" % n, bundle=n // 4 + 1, user=f"u{n}" if n in {5, 11} else "u")
    assert texts_are_equal(world)


def test_i7_a_bundle_whose_pin_nobody_looked_at_is_not_equal(tmp_path: Path) -> None:
    world = world_of(20)
    told = columns(tmp_path, world)
    del world.pins[3]
    assert not is_equal(world, *told)


def test_rows_glue_to_what_sqlite_glues(tmp_path: Path) -> None:
    world = world_of(40)
    kept, _ = columns(tmp_path, world)
    assert packed_rows([world.kept[name] for name in sorted(world.kept)]) == kept


@pytest.mark.parametrize("bundles", [[1], [1, 1, 11, 11, 1], [12, 2, 2], [1, 2] * 40, [7] * 300])
def test_runs_are_those_of_the_rows(tmp_path: Path, bundles: list[int]) -> None:
    world = World()
    for n, bundle in enumerate(bundles):
        world.put(b"k%04d" % n)
        world.kept[b"k%04d" % n, b""] = changed(world.kept[b"k%04d" % n, b""], 7, bundle)
    kept, _ = columns(tmp_path, world)
    assert list(kept.bundles) == runs(bundles)


@pytest.mark.parametrize(
    ("version", "state"), [(b"01V", ObjectState.RECORDED), (b"", ObjectState.SKIPPED)]
)
def test_what_is_no_recorded_current_object_does_not_glue(
    tmp_path: Path, version: bytes, state: ObjectState
) -> None:
    world = world_of(3)
    row = changed(changed(world.kept[b"k0001", b""], 1, version), 6, int(state))
    world.kept[b"k0001", b""] = row
    with (
        closing(ledger_file(tmp_path, world)),
        closing(sqlite3.connect(tmp_path / "ledger.db")) as conn,
    ):
        conn.text_factory = bytes
        assert glued(conn, 1, (b"", b"z")) is None


@pytest.mark.parametrize(
    "mtimes",
    [
        [MADE_NS, MADE_NS + 999, MADE_NS + 1_000],
        [MADE_NS, 10**18 - 1, 10**18],
        [0, 1, 999],
        [1, 23_456_789_012_345_678],
        [MADE_NS],
    ],
)
@pytest.mark.parametrize("off", [0, 1, -1, 1_000_000])
def test_times_are_equal_in_microseconds_and_not_otherwise(mtimes: list[int], off: int) -> None:
    for at in range(len(mtimes)):
        made = [ns // 1_000 + off * (n == at) for n, ns in enumerate(mtimes)]
        none = b"," * (len(made) - 1)
        rows = Packed(len(made), b"", b"", b"", none, numbers(made), b"")
        assert _times_packed(numbers(mtimes), mtimes, rows) is (off == 0)


def test_times_that_only_look_alike_are_not_equal() -> None:
    mtimes = [1, 23_456_789_012_345_678]
    rows = Packed(2, b"", b"", b"", b",", numbers(mtimes)[:16], b"")
    assert not _times_packed(numbers(mtimes), mtimes, rows)


def test_numbers_are_named_in_full() -> None:
    assert numbers([1, None, -7, -(1 << 63), 1 << 70]) == b"1,null,-7,%d,%d" % (-(1 << 63), 1 << 70)


def many(conn: sqlite3.Connection, rows: int) -> int:
    found: Sequence[int] = conn.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<?)"
        " SELECT count(*) FROM n",
        (rows,),
    ).fetchone()
    return found[0]


def test_a_stint_ends_what_is_too_long_and_nothing_else() -> None:
    with closing(sqlite3.connect(":memory:")) as conn:
        stint = Stint(conn, 100)
        for _ in range(30):  # however far SQLite's own count stands
            assert stint.run(lambda: many(conn, 100)) == 100
        assert stint.run(lambda: many(conn, 100_000)) is None
        assert many(conn, 100_000) == 100_000
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            stint.run(lambda: conn.execute("SELECT 1 FROM nowhere"))


@pytest.mark.parametrize("rows", ["extra", "lost"])
def test_a_side_with_far_more_rows_than_the_others_is_read_in_cuts(
    tmp_path: Path, rows: str
) -> None:
    world = world_of(900, of=200)
    for n in range(30, 870):
        if rows == "extra":
            del world.kept[b"k%04d" % n, b""], world.seen[b"k%04d" % n, b""]
        else:
            del world.rows[b"k%04d" % n], world.seen[b"k%04d" % n, b""]
    contents = join(tmp_path, world, in_file=True)
    assert listed(tmp_path) == wanted(world)
    assert sum(told.objects for told in contents.lists.values()) == len(wanted(world))
    assert len(listed(tmp_path)) == (900 if rows == "extra" else 60)  # what is gone is in no list
