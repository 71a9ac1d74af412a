"""I9: a planted secret is in no output, file, event or process title."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import psutil

from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = "pl4nted-Zq7-s3cret"


def files_with_it(folder: Path) -> list[str]:
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and PLANTED.encode() in path.read_bytes()
    ]


def events(ledger: Path) -> str:
    with sqlite3.connect(ledger) as db:
        return "".join(row[0] for row in db.execute("SELECT data FROM events"))


async def test_i9_credentials_of_an_unreachable_target_leave_no_trace(
    tmp_path: Path, gateway: Path
) -> None:
    ws, env = tmp_path / "ws", {"CLUSTER_PW": PLANTED}
    made = await vgwm(
        *("init", "-w", str(ws), "--source", f"posix:{gateway}", "--target", "ipfs"),
        *("--kubo", "http://127.0.0.1:9", "--cluster", "http://127.0.0.1:9"),
        *("--cluster-user", "op", "--cluster-password-env", "CLUSTER_PW"),
        *("--table", f"sqlite:{tmp_path / 'objects.db'}"),
        home=tmp_path,
        env=env,
    )
    assert made.code == 0, made.err
    try:
        planned = await vgwm("plan", "-w", str(ws), "--json", home=tmp_path, env=env)
        assert planned.code == 4
        shown = [
            await vgwm(*words, "-w", str(ws), "--json", home=tmp_path, env=env)
            for words in (["status"], ["jobs"], ["errors"], ["set"])
        ]
        pid = int((ws / "engine.lock").read_text())
        title = " ".join(psutil.Process(pid).cmdline())
    finally:
        await vgwm("engine", "stop", "-w", str(ws), home=tmp_path)
    everything = "".join(ran.out + ran.err for ran in (made, planned, *shown))
    assert PLANTED not in everything + title + events(ws / "ledger.db")
    assert files_with_it(tmp_path) == []
