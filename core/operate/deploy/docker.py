"""Docker asked whether it is there, and told to start a deployment."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.redact import redact
from core.display import safe
from core.errors import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from core.operate.deploy.shape import Port

_ASK_S: Final = 10.0
_UP_S: Final = 1800.0  # images have to be fetched
_READY_S: Final = 180.0
_POLL_S: Final = 0.5
_LEAST_DOCKER: Final = (20, 10)
_LEAST_COMPOSE: Final = (2, 0)
_TOLD_LINES: Final = 3


class DockerVersions(NamedTuple):
    """What answered."""

    docker: str
    compose: str


async def docker_versions() -> DockerVersions:
    """Return the versions of Docker's server and of Compose. Raises NoAnswer if one is lacking."""
    server = await _ask("Docker", ("version", "--format", "{{.Server.Version}}"), _LEAST_DOCKER)
    compose = await _ask("Docker Compose", ("compose", "version", "--short"), _LEAST_COMPOSE)
    return DockerVersions(server, compose)


async def start_containers(folder: Path) -> None:
    """Start what the folder's compose.yaml names. Raises NoAnswer with the last lines said."""
    code, said = await _run(
        ("compose", "--project-directory", str(folder), "up", "--detach"), _UP_S
    )
    if code != 0:
        raise NoAnswer(
            what=f"Docker did not start the target: {_last(said)}",
            where=safe(str(folder / "compose.yaml")),
            remedy="Mend that, then: vgwm target deploy --up again; what runs is left as it is.",
        )


async def wait_for_ports(address: str, ports: Iterable[Port]) -> None:
    """Wait until something listens on each port. Raises NoAnswer that names who does not."""
    missing: dict[int, str] = {port.number: port.owner for port in ports}
    try:
        async with asyncio.timeout(_READY_S):
            while missing:
                for number in list(missing):
                    if await _listens(address, number):
                        del missing[number]
                if missing:
                    await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise NoAnswer(
            what=f"not ready in {_READY_S:.0f} s: {', '.join(missing.values())}",
            where=safe(address),
            remedy="Look at its log: docker compose logs.",
        ) from None


async def _listens(address: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError:
        return False
    writer.close()
    return True


async def _ask(name: str, words: tuple[str, ...], least: tuple[int, ...]) -> str:
    needed = ".".join(map(str, least))
    code, said = await _run(words, _ASK_S)
    found = re.match(r"v?(\d+)\.(\d+)[\w.+-]*", said.strip())
    if code != 0 or found is None:
        raise _lacking(name, f"does not answer: {_last(said)}", needed)
    if (int(found.group(1)), int(found.group(2))) < least:
        raise _lacking(name, f"is {safe(said.strip())}", needed)
    return safe(found.group(0))


async def _run(words: tuple[str, ...], limit_s: float) -> tuple[int, str]:
    """Run docker and return its exit code and what it said; 127 where there is none."""
    try:
        process = await asyncio.create_subprocess_exec(
            "docker",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(os.environ),
        )
    except OSError as error:
        return 127, f"it cannot be run: {error.strerror}"
    try:
        async with asyncio.timeout(limit_s):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return 124, f"no answer in {limit_s:.0f} s"
    return process.returncode or 0, said.decode("utf-8", "replace")


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return safe(redact("; ".join(lines[-_TOLD_LINES:]))) or "it said nothing"


def _lacking(name: str, why: str, needed: str) -> NoAnswer:
    return NoAnswer(
        what=f"{name} {why}",
        where="--up",
        remedy=f"Install and start {name} {needed} or newer; or leave --up out, and run the "
        "programs by the units in systemd/.",
    )
