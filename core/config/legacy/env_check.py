"""An EnvironmentFile or INI as it is, held against what a gateway takes. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.config.legacy.conversion import convert
from core.config.legacy.entry import Entry, Form
from core.config.legacy.finding import Found, fail, good, warn
from core.config.legacy.keys import NEW_KEYS
from core.config.legacy.row import State
from core.config.legacy.values import parse_value
from core.display import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.config.legacy.context import Context
    from core.config.legacy.entry import Legacy
    from core.config.legacy.row import Row

_NEW: Final = {name: key for key in NEW_KEYS for name in key.names}


def check_env(legacy: Legacy, context: Context) -> list[Found]:
    """Return what is wrong with a configuration, before or after its conversion.

    Raises BadInput for a backend that no conversion is for.
    """
    converted = any(e.name == "VGW_BACKEND" and e.value == "ipfs" for e in legacy.entries)
    found = list(_new(legacy)) if converted else []
    rows = convert(_as_before(legacy) if converted else legacy, context)
    # what a conversion adds is no matter of this file
    found += [one for row in rows for one in _old(row) if not row.path.startswith("backend.ipfs.")]
    fine = sum(row.state in (State.SAME, State.RENAMED, State.DERIVED) for row in rows)
    return [*found, good("keys", f"{fine} known, in {legacy.form}")]


def _as_before(legacy: Legacy) -> Legacy:
    """Return a converted file without what conversion added, so that the old rules can be asked."""
    kept: list[Entry] = []
    for entry in legacy.entries:
        if entry.name == "VGW_BACKEND":
            kept.append(replace(entry, value="posix"))
        elif entry.name not in _NEW:
            kept.append(entry)
    return replace(legacy, form=Form.ENV, entries=tuple(kept))


def _new(legacy: Legacy) -> Iterator[Found]:
    given = {entry.name: entry for entry in legacy.entries}
    for name, key in _NEW.items():
        entry = given.get(name)
        if entry is not None:
            fault = parse_value(key.kind, entry.value).fault
            if fault:
                yield fail(name, f"line {entry.line}: {fault}", "Correct that value.")
        elif name in ("VGW_IPFS_CLUSTER_ENDPOINTS", "VGW_IPFS_METADATA_DB_ENDPOINTS"):
            yield fail(name, "missing", "vgwm config convert writes it.")


def _old(row: Row) -> Iterator[Found]:
    name = safe(row.name or row.place)
    at = f"line {row.line}: " if row.line else ""
    if row.state is State.PROBLEM:
        yield fail(name, f"{at}{row.reason}", "Correct it.")
    elif row.state is State.UNKNOWN:
        near = f"Did you mean {row.near}?" if row.near else "Remove it, if nothing else reads it."
        yield warn(name, f"{at}no gateway reads it", near)
    elif row.warn and row.line:
        yield warn(name, f"{at}{row.reason}", "Look at vgwm config diff.")
    elif row.rule == "overridden below":
        yield warn(name, f"{at}overridden below", "Remove one of the lines.")
