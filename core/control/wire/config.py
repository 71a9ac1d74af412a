"""What `vgwm config diff --json` and its siblings answer: a conversion, its files, backups.

Every text is safe to show, and a secret stands in it as `[secret 3f9a]`: the same four digits for
the same secret in one workspace. A screen gets these by running the command itself.
"""

from __future__ import annotations

from core.control.wire import state as wire


class ConfigRow(wire.Wire, frozen=True, kw_only=True):
    """One key of the old file, or a new one, and what becomes of it.

    state: same, renamed, derived, new, kept, dropped, unknown, problem. id: what --accept and
    --drop take; empty if there is nothing to decide. key, value: in the old file, empty for new
    ones. path: in the YAML, or `source.*` of vgwm.yaml; new_value: what stands there. rule: of the
    conversion, in a few words; reason: what an operator has to know. near: the known key that an
    unknown one resembles. warn: worth a look, though it blocks nothing. accepted: an operator said
    so. line: of the old file, from 1. acts: of accept, drop, edit, those that this row can take;
    edit is --set path=VALUE.
    """

    id: str
    state: str
    key: str = ""
    value: str = ""
    path: str = ""
    new_value: str = ""
    rule: str = ""
    reason: str = ""
    near: str = ""
    line: int | None = None
    secret: bool = False
    warn: bool = False
    accepted: bool = False
    acts: tuple[str, ...] = ()


class ConfigText(wire.Wire, frozen=True, kw_only=True):
    """A file as it is or would be, secrets masked, line by line.

    kind: old, yaml, env, vgwm.yaml. exists: something stands at path now, so --force is needed
    unless it is the same. same: it holds exactly this text already. mode: octal, such as 0600.
    """

    kind: str
    path: str
    lines: list[str]
    exists: bool = False
    same: bool = False
    mode: str = ""


class ConfigProof(wire.Wire, frozen=True, kw_only=True):
    """One thing of the round trip that was tried: state is pass or fail."""

    name: str
    state: str
    evidence: str


class ConfigDiff(wire.Wire, frozen=True, kw_only=True):
    """`vgwm config diff OLD [NEW]`, and what `convert` did, or would do.

    form: env or ini. counts: rows by state. writable: no problem is left. hash: of what would be
    written, 8 hex; `convert --confirm HASH` writes exactly that, or refuses. command: the line that
    writes it, as it can be pasted. decisions: the options of that line, one argument an entry.
    """

    form: str
    old: ConfigText
    rows: list[ConfigRow]
    counts: dict[str, int]
    files: list[ConfigText]
    round_trip: list[ConfigProof]
    writable: bool
    hash: str
    command: str
    decisions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class ConfigWritten(wire.Wire, frozen=True, kw_only=True):
    """`vgwm config convert OLD NEW`: counts by state, and the files.

    backups: where former files are kept; empty if there were none. written: paths that changed;
    empty on a dry run, and where all was there already.
    """

    counts: dict[str, int]
    written: list[str]
    backups: list[str]
    hash: str
    dry_run: bool = False


class BackupFile(wire.Wire, frozen=True, kw_only=True):
    """One file that was copied. kind: config, iam, unit, binary. sha256: of its bytes, in hex."""

    kind: str
    path: str
    copy: str
    size_bytes: int
    sha256: str
    mode: str


class ConfigBackup(wire.Wire, frozen=True, kw_only=True):
    """`vgwm config backup`: where, when, and what with which hash."""

    folder: str
    at_ns: int
    files: list[BackupFile]
    dry_run: bool = False


class ConfigFinding(wire.Wire, frozen=True, kw_only=True):
    """One line of `vgwm config check FILE`.

    path: a key or a member. state: pass, warn, fail, unknown.
    """

    path: str
    state: str
    evidence: str
    remedy: str = ""
