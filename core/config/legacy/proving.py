"""The round trip of a conversion, tried: what was written reads back as what was meant. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.config.legacy.entry import Form
from core.config.legacy.environment import parse_environment
from core.config.legacy.output import env_pairs, env_text, yaml_text
from core.config.legacy.row import State
from core.config.yaml_text import read_mapping, write_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.config.legacy.entry import Legacy
    from core.config.legacy.row import Row


class Proof(NamedTuple):
    """One thing that was tried. state: pass or fail."""

    name: str
    state: str
    evidence: str


def prove(
    rows: Sequence[Row], legacy: Legacy, again: Callable[[], Sequence[Row]]
) -> tuple[Proof, ...]:
    """Try the round trip. again: converts a second time."""
    yaml, env = yaml_text(rows), env_text(rows)
    second = again()
    return (
        _carried(rows, legacy, env),
        _proof(
            "YAML stable",
            holds=write_mapping(read_mapping(yaml, where="YAML")) == yaml,
            evidence="read and written again, it is the same text",
        ),
        _proof(
            "second conversion",
            holds=(yaml_text(second), env_text(second)) == (yaml, env),
            evidence="byte for byte the same files",
        ),
    )


def _carried(rows: Sequence[Row], legacy: Legacy, env: str) -> Proof:
    """Compare the env file, parsed, with what was meant, and with the old file where it is kept."""
    parsed = [(entry.name, entry.value) for entry in parse_environment(env).entries]
    meant = env_pairs(rows)
    old = {entry.name: entry.value for entry in legacy.entries}
    kept = [row for row in rows if row.env_name and row.env_name == row.name and _unchanged(row)]
    now = dict(parsed)
    wrong = [row.env_name for row in kept if old.get(row.name) != now.get(row.env_name)]
    whole = parsed == meant and not wrong
    same = f"{len(kept)} as in the old file" if legacy.form is Form.ENV else "names are new"
    return _proof(
        "env file",
        holds=whole,
        evidence=f"{len(parsed)} keys read back, {same}"
        if whole
        else f"read back otherwise: {', '.join(wrong) or 'other keys'}",
    )


def _unchanged(row: Row) -> bool:
    return row.state in (State.SAME, State.RENAMED, State.UNKNOWN, State.KEPT)


def _proof(name: str, *, holds: bool, evidence: str) -> Proof:
    return Proof(name, "pass" if holds else "fail", evidence if holds else f"not: {evidence}")
