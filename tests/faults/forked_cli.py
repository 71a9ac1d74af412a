"""Command lines run by forks of a process that has loaded everything once: twenty in a second.

Each has a memory of its own: a secret that one command came to know is unknown to the next, as it
is when an operator types them.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Self

from tests.integration.cli.shell import environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType


class Said(NamedTuple):
    """What a command left on stdout and stderr, and its exit code."""

    words: tuple[str, ...]
    code: int
    text: bytes


class Forks:
    """The process that has loaded everything."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forked_cli"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment(Path("/")), "PYTHONPATH": str(Path(__file__).parents[2])},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def ask(self, place: str, words: list[str], env: Mapping[str, str]) -> Said:
        """Run one command; place: `run`, or the function that is to stumble."""
        with tempfile.TemporaryFile() as file:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            out = f"/proc/{os.getpid()}/fd/{file.fileno()}"
            order = {"place": place, "words": words, "env": dict(env), "out": out}
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            file.seek(0)
            return Said(tuple(words), code, file.read())


class ForkedCli:
    """Runs commands one after another, in this home and environment."""

    def __init__(self, forks: Forks, home: Path, env: Mapping[str, str]) -> None:
        self._forks = forks
        self._env = environment(home, env)

    def __call__(self, *words: object) -> Said:
        """Run `vgwm` with these arguments."""
        return self._forks.ask("run", [str(word) for word in words], self._env)

    def stumble(self, place: str, *words: object) -> Said:
        """Run it with a function, `module:name`, that raises an error quoting what it returns."""
        return self._forks.ask(place, [str(word) for word in words], self._env)


def _serve() -> None:
    _load_all()
    for line in sys.stdin.buffer:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(order["place"], order["words"], order["env"], order["out"])
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _load_all() -> None:
    """Import every command's module, and what they import when they run."""
    for room in ("core.cli", "core.control", "core.probe", "core.iam"):
        for found in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
            importlib.import_module(found.name)


def _run(place: str, words: Sequence[str], env: Mapping[str, str], out: str) -> NoReturn:
    from core.cli.main import main  # noqa: PLC0415 - in the child alone

    os.environ.clear()
    os.environ.update(env)
    os.chdir(env["HOME"])
    to = os.open(out, os.O_WRONLY)
    os.dup2(to, 1)
    os.dup2(to, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if place != "run":
        _break(place)
    code = main(list(words))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _break(place: str) -> None:
    name, _, attribute = place.partition(":")
    module = importlib.import_module(name)
    real = getattr(module, attribute)

    def stumble(*arguments: object, **options: object) -> object:
        made = real(*arguments, **options)
        shown = made if isinstance(made, str) else revealed(made)
        raise RuntimeError(f"boom {shown}")

    setattr(module, attribute, stumble)


def revealed(made: object) -> str:
    """Return the secrets of a store of accounts, in clear: the worst that an error could quote."""
    accounts = getattr(made, "accounts", ())
    return " ".join(one.secret.reveal() for one in accounts)


if __name__ == "__main__":
    _serve()
