from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.lab.missing import LabError
from tests.lab.process import Keeper, Server, until

if TYPE_CHECKING:
    from pathlib import Path

OBEYS = "import signal, time; print('up', flush=True); time.sleep(600)"
REFUSES = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('up', flush=True); time.sleep(600)"
)


def server(folder: Path, name: str, code: str) -> Server:
    return Server(name, [sys.executable, "-c", code], folder=folder, environment={})


def up(one: Server) -> Server:
    one.wait_for("its first line", lambda: "up" in one.tail())
    return one


def test_all_servers_are_asked_to_end_in_reverse_order(tmp_path: Path) -> None:
    asked: list[str] = []

    class Noted(Server):
        def ask_to_end(self) -> None:
            asked.append(self.name)
            super().ask_to_end()

    servers = [
        Noted(name, [sys.executable, "-c", OBEYS], folder=tmp_path, environment={})
        for name in "abc"
    ]
    with Keeper() as keeper:
        for one in servers:
            up(keeper.start(one))
    assert asked[:3] == ["c", "b", "a"]
    assert not any(one.alive for one in servers)


def test_one_that_refuses_to_end_is_killed_by_its_pid(tmp_path: Path) -> None:
    stubborn = server(tmp_path, "stubborn", REFUSES)
    stubborn.start()
    up(stubborn).end(grace_s=0.1)
    assert not stubborn.alive


def test_a_stopped_one_ends_too(tmp_path: Path) -> None:
    hung = server(tmp_path, "hung", OBEYS)
    hung.start()
    up(hung).stop()
    until("stopped", lambda: psutil.Process(hung.pid).status() == "stopped", limit_s=60)
    hung.end()
    assert not hung.alive


def test_a_killed_parent_leaves_no_server(tmp_path: Path) -> None:
    parent = (
        "import pathlib, sys, time\n"
        "from tests.lab.process import Server\n"
        f"s = Server('child', [sys.executable, '-c', {OBEYS!r}],"
        f" folder=pathlib.Path({str(tmp_path)!r}), environment={{}})\n"
        "s.start(); s.wait_for('up', lambda: 'up' in s.tail())\n"
        "print(s.pid, flush=True); time.sleep(600)"
    )
    argv = [sys.executable, "-c", parent]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as lab:  # noqa: S603 - our own
        assert lab.stdout is not None
        child = psutil.Process(int(lab.stdout.readline()))
        lab.kill()
    child.wait(10)
    assert not child.is_running()


def test_a_server_that_dies_early_shows_its_log(tmp_path: Path) -> None:
    broken = server(tmp_path, "broken", "import sys; sys.exit('no such flag')")
    broken.start()
    with pytest.raises(LabError, match="no such flag"):
        broken.wait_for("anything", lambda: False)


def test_only_the_main_thread_may_start_one(tmp_path: Path) -> None:
    refused: list[str] = []

    def start() -> None:
        try:
            server(tmp_path, "x", OBEYS).start()
        except LabError as error:
            refused.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert refused


def test_nothing_of_the_environment_leaks_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    shows = server(tmp_path, "shows", "import os; print('up', sorted(os.environ), flush=True)")
    shows.start()
    up(shows).end()
    assert "AWS" not in shows.tail()
    assert "HOME" in shows.tail()
