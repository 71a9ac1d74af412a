"""The way back on paper: commands in the order that never gives two sides writes."""

from __future__ import annotations

import shlex
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from core.config.schema import DirTarget, Gateway, Haproxy, PosixSource, Traffic, Workspace
from core.cutover.map_file import parse
from core.cutover.risk import Risk
from core.cutover.rollback_plan import BackWish, Green, RollbackPlan, Way, steps_of
from core.cutover.runbook import runbook
from tests.unit.cutover.test_rollback_plan import FACTS

FOLDER = Path("/ws")


def _workspace(traffic: Traffic) -> Workspace:
    return Workspace(
        id="0a1b2c3d",
        source=PosixSource(path=Path("/data/gw")),
        target=DirTarget(path=Path("/out")),
        traffic=traffic,
        gateways=(
            Gateway(
                name="blue-1", side="blue", address="http://127.0.0.1:1", open=("/bin/open", "it")
            ),
        ),
    )


def _haproxy(number: int) -> Haproxy:
    place = Path(f"/run/lb{number}")
    return Haproxy(
        name=f"lb-{number}",
        socket=place / "a.sock",
        map=place / "vgwm.map",
        config=place / "haproxy.cfg",
    )


TWO = _workspace(Traffic(haproxy=(_haproxy(1), _haproxy(2))))


def _plan(**changed: object) -> RollbackPlan:
    facts = replace(FACTS, **changed)  # type: ignore[arg-type]  # one field at a time
    return RollbackPlan(
        facts=facts,
        risk=Risk(since_ns=1, writes=23, deletes=2, size_bytes=1 << 20),
        steps=steps_of(facts),
        seconds=40.0,
        pause_s=12.0,
        word="photos",
    )


def test_every_load_balancer_reaches_a_mode_before_the_next_mode_is_named() -> None:
    text = runbook(_plan(), TWO, FOLDER)
    modes = ("green_ro", "blue_ro", "blue")
    sets = [
        (line.split("/run/lb")[1][0], next(m for m in modes if line.split("'")[1].endswith(m)))
        for line in text.splitlines()
        if "set map" in line
    ]
    assert sets == [(number, mode) for mode in modes for number in "12"]


def test_the_file_is_written_before_the_runtime_and_read_back() -> None:
    text = runbook(_plan(), TWO, FOLDER)
    first = [line for line in text.splitlines() if "/run/lb1/" in line][:3]
    assert first[0].startswith("sed -i 's|^/photos/ .*|/photos/ green_ro|'")
    assert "set map /run/lb1/vgwm.map /photos/ green_ro" in first[1]
    assert "get map /run/lb1/vgwm.map /photos/" in first[2]


def test_of_a_slice_the_writes_that_were_under_way_are_waited_for_of_all_each() -> None:
    assert "show sess" in runbook(_plan(), TWO, FOLDER)
    text = runbook(_plan(buckets=()), TWO, FOLDER)
    assert "show sess" not in text
    assert "grep ^green_w,BACKEND" in text


def test_everything_goes_by_every_line_of_a_map_and_nobody_s_comment_or_name_with_it(
    tmp_path: Path,
) -> None:
    map_ = tmp_path / "vgwm.map"
    map_.write_text("# /a/ green\n/ green\n/a/  green\n /b/\tgreen\n/.vgwm/ 0a1b2c3d.5\n")
    lb = Haproxy(name="lb", socket=tmp_path / "s", map=map_, config=tmp_path / "c")
    text = runbook(_plan(buckets=()), _workspace(Traffic(haproxy=(lb,))), FOLDER)
    command = next(line for line in text.splitlines() if line.startswith("sed"))
    subprocess.run(["/bin/sh", "-c", command], check=True)  # noqa: S603 - our own runbook
    assert map_.read_text() == (
        "# /a/ green\n/ green_ro\n/a/ green_ro\n /b/ green_ro\n/.vgwm/ 0a1b2c3d.5\n"
    )
    assert parse(map_.read_text()).wrong == []


def test_blue_s_gateways_are_opened_before_its_clients_come_back() -> None:
    text = runbook(_plan(), TWO, FOLDER)
    assert text.index("/bin/open it") < text.index("to `blue_ro`") < text.index("to `blue`:")


def test_with_green_dead_it_says_what_stays_behind() -> None:
    dead = replace(_plan(green=Green.DEAD), lost=2, lost_names=("photos/a", "photos/b"))
    text = runbook(dead, TWO, FOLDER)
    assert "Stays behind: 2 keys, such as photos/a, photos/b." in text
    assert "for salvage" in text


def test_a_command_of_the_operator_s_is_told_each_mode() -> None:
    hook = _workspace(Traffic(command=("/bin/switch", "all of it")))
    text = runbook(_plan(hook=("/bin/switch", "all of it"), balancers=()), hook, FOLDER)
    told = [line for line in text.splitlines() if "/bin/switch" in line]
    assert ["green_ro" in told[0], "blue_ro" in told[1], '"blue"' in told[2]] == [True] * 3
    assert told[0].endswith("| /bin/switch 'all of it'")


def test_a_full_and_a_data_way_back_say_their_own_steps() -> None:
    full = _plan(wish=BackWish(way=Way.FULL), backups=(("/etc/gw.conf", "ab" * 32),))
    assert "`/etc/gw.conf` sha256 `abab" in runbook(full, TWO, FOLDER)
    data = _plan(wish=BackWish(way=Way.DATA, origin="/backup", to="/new tree"))
    assert "rsync -aHAX /backup/ '/new tree'/" in runbook(data, TWO, FOLDER)


def test_what_is_at_risk_is_listed_with_its_bucket(tmp_path: Path) -> None:
    (line,) = [one for one in runbook(_plan(), TWO, tmp_path).splitlines() if "sqlite3" in one]
    query = shlex.split(line)[-1]
    with closing(sqlite3.connect(":memory:")) as ledger:
        ledger.executescript(
            "CREATE TABLE buckets(bid INTEGER PRIMARY KEY, name BLOB);"
            "CREATE TABLE greenlog(bid, key BLOB, op, size, st);"
            "INSERT INTO buckets VALUES(1, CAST('photos' AS BLOB));"
            "INSERT INTO greenlog VALUES(1, CAST('a/b' AS BLOB), 'put', 7, 0), (1, x'', '', 0, 2);"
        )
        assert ledger.execute(query).fetchall() == [("photos/a/b", "put", 7)]
