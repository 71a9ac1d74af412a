"""The gate `backups`: green only for a set that was read to its last byte."""

from __future__ import annotations

import os
import sqlite3
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.backup import Part, Wanted, copy_in
from core.cutover.backups import LIMIT_S, MANIFEST, BackupSet, newest, open_set, opened
from core.errors import Broken
from core.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

ID = "0a1b2c3d"


def _set(folder: Path, name: str = "cutover-20261126T050000.0Z", workspace: str = ID) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    map_, ledger = folder / "vgwm.map", folder / "ledger.db"
    map_.write_text("/ green\n")
    conn = sqlite3.connect(ledger)
    conn.execute("CREATE TABLE IF NOT EXISTS meta(k PRIMARY KEY, v) WITHOUT ROWID")
    conn.commit()
    conn.close()
    files = [
        copy_in(Wanted(part=Part.LB_MAP, path=map_), place, 0),
        copy_in(Wanted(part=Part.LEDGER, path=ledger), place, 1),
    ]
    found = BackupSet(workspace=workspace, at_ns=time.time_ns(), files=files)
    (place / MANIFEST).write_bytes(msgspec.json.encode(found))
    return place


async def test_a_whole_set_opens_the_gate_for_a_day(tmp_path: Path) -> None:
    _set(tmp_path)
    gate = await opened(tmp_path, ID, [Part.LB_MAP, Part.LEDGER])
    assert gate.verdict is Verdict.PASS
    assert gate.is_open(gate.at_ns)
    assert not gate.is_open(gate.at_ns + int((LIMIT_S + 1) * 1e9))


async def test_without_a_set_the_gate_is_shut(tmp_path: Path) -> None:
    gate = await opened(tmp_path / "none", ID, [])
    assert gate.verdict is Verdict.FAIL
    assert gate.remedy


async def test_a_set_without_what_is_needed_is_shut_and_names_it(tmp_path: Path) -> None:
    _set(tmp_path)
    gate = await opened(tmp_path, ID, [Part.LEDGER, Part.LB_CONFIG])
    assert gate.verdict is Verdict.FAIL
    assert "lb-config" in gate.evidence


async def test_one_load_balancer_s_map_does_not_stand_for_another_s(tmp_path: Path) -> None:
    _set(tmp_path)
    both = await opened(tmp_path, ID, [Part.LEDGER, Part.LB_MAP, Part.LB_MAP])
    assert both.verdict is Verdict.FAIL
    assert both.evidence.endswith("missing: lb-map")


@pytest.mark.parametrize("how", ["changed", "gone", "manifest", "foreign", "ledger"])
async def test_a_set_that_is_not_what_was_kept_is_shut(tmp_path: Path, how: str) -> None:
    place = _set(tmp_path, workspace="ffffffff" if how == "foreign" else ID)
    copy = next(place.glob("*lb-map*"))
    if how == "changed":
        copy.write_text("/ blue\n")
    if how == "gone":
        copy.unlink()
    if how == "manifest":
        (place / MANIFEST).write_text("{}")
    if how == "ledger":
        _spoil_ledger(place)
    gate = await opened(tmp_path, ID, [])
    assert gate.verdict is Verdict.FAIL
    with pytest.raises(Broken):
        open_set(place, ID)


def test_the_newest_set_counts_and_a_half_made_one_does_not(tmp_path: Path) -> None:
    _set(tmp_path, "cutover-20261126T050000.0Z")
    last = _set(tmp_path, "cutover-20261127T050000.0Z")
    (tmp_path / ".cutover-20261128T050000.0Z.part").mkdir()
    assert newest(tmp_path) == last


def _spoil_ledger(place: Path) -> None:
    """Replace the ledger's copy by one that is no SQLite file, with a hash that fits."""
    from core.cutover.backups import digest_of  # noqa: PLC0415 - beside its only use

    found = msgspec.json.decode((place / MANIFEST).read_bytes(), type=BackupSet)
    copy = next(place.glob("*ledger*"))
    copy.chmod(0o600)
    copy.write_bytes(os.urandom(9000))
    files = [
        msgspec.structs.replace(one, sha256=digest_of(copy)) if one.part is Part.LEDGER else one
        for one in found.files
    ]
    (place / MANIFEST).write_bytes(msgspec.json.encode(msgspec.structs.replace(found, files=files)))
