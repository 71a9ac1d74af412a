"""The systemd unit of a workspace's engine, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from core.config.references import variables
from core.config.workspace import FILE_NAME, load
from core.errors import BadInput, Broken, Denied, Refused, WrongState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Scope = Literal["system", "user"]

# What is refused once is refused again: systemd would only fill the journal with it.
_FINAL = sorted(kind.exit_code for kind in (BadInput, WrongState, Refused, Denied, Broken))


class UnitGiven(NamedTuple):
    """What a unit is made of.

    command: how `vgwm` is called. user: who runs it, of a system unit. variables: those that hold
    secrets; without any there is no EnvironmentFile.
    """

    workspace: Path
    command: tuple[str, ...]
    user: str
    variables: Sequence[str] = ()
    scope: Scope = "system"


def unit_of(workspace: Path, *, command: tuple[str, ...], user: str, scope: Scope) -> str:
    """Return the unit of a workspace; its vgwm.yaml says which variables hold secrets."""
    known = load(workspace / FILE_NAME)
    return unit_text(
        UnitGiven(
            workspace=workspace,
            command=command,
            user=user,
            variables=variables(known),
            scope=scope,
        )
    )


def unit_text(given: UnitGiven) -> str:
    """Return the unit: restarted within 1 s of a crash, not after a stop; the journal has its log.

    KillMode: a stop goes to the engine, which ends its workers itself. OOMPolicy: a worker that the
    kernel killed for memory is the engine's to replace.
    """
    name = given.workspace.name
    words = (*given.command, "engine", "serve", "-w", str(given.workspace))
    file = f"/etc/vgwm/{name}.env" if given.scope == "system" else f"%h/.config/vgwm/{name}.env"
    environment = [
        f"# NAME=VALUE, a line each, mode 0600: {', '.join(given.variables)}",
        f"EnvironmentFile={file}",
    ]
    user = [f"User={given.user}"] if given.scope == "system" else []
    target = "multi-user.target" if given.scope == "system" else "default.target"
    lines = [
        "[Unit]",
        f"Description=vgwm engine of the workspace {_plain(str(given.workspace))}",
        "After=network-online.target",
        "Wants=network-online.target",
        "",
        "[Service]",
        *user,
        *(environment if given.variables else ()),
        f"ExecStart={' '.join(map(_word, words))}",
        "Restart=on-failure",
        "RestartSec=1",
        f"RestartPreventExitStatus={' '.join(map(str, _FINAL))}",
        "KillMode=mixed",
        "OOMPolicy=continue",
        "LimitNOFILE=8192",
        "",
        "[Install]",
        f"WantedBy={target}",
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Return text without what systemd would expand."""
    return text.replace("%", "%%")


def _word(text: str) -> str:
    """Return one word of ExecStart, quoted where systemd.service(5) wants it."""
    text = _plain(text).replace("$", "$$").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if not text or set(text) & set(" \t'\"\\;") else text
