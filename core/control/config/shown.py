"""How a conversion of a configuration looks on the wire: every text safe, secrets by marks."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from core.config import mark
from core.config.legacy.row import Row, State
from core.config.legacy.showing import Shown
from core.control.wire import config as wire_config
from core.display import safe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.config import file_set
    from core.config.legacy.entry import Legacy
    from core.config.legacy.proving import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A conversion that is asked for. folder: of the workspace, None without one.

    new: the YAML; None to look only. env_out: None for the YAML's name with .env. accept, drop: ids
    of rows; settings: `PATH=VALUE` each.
    """

    old: Path
    new: Path | None = None
    env_out: Path | None = None
    folder: Path | None = None
    accept: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    @property
    def yaml(self) -> Path:
        """Where the YAML goes."""
        return self.old.with_suffix(".yaml") if self.new is None else self.new

    @property
    def env(self) -> Path:
        """Where the env file goes."""
        return self.yaml.with_suffix(".env") if self.env_out is None else self.env_out

    @property
    def decisions(self) -> tuple[str, ...]:
        """The decisions as options of a command line."""
        return (
            *(word for one in self.accept for word in ("--accept", one)),
            *(word for one in self.drop for word in ("--drop", one)),
            *(word for one in self.settings for word in ("--set", one)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A conversion that was worked out. files: the YAML, the env file."""

    wanted: Wanted
    legacy: Legacy
    rows: Sequence[Row]
    files: Sequence[file_set.NewFile] = field(repr=False)
    proofs: Sequence[Proof]


def describe(worked: Worked) -> wire_config.ConfigDiff:
    """Return a conversion as it is shown."""
    wanted, rows = worked.wanted, worked.rows
    shown = Shown(mark.marks_of(wanted.folder), _secrets(rows))
    old = wire_config.ConfigText(
        kind="old",
        path=safe(os.fsencode(wanted.old)),
        lines=shown.old(worked.legacy),
        exists=True,
    )
    texts = [
        _text("yaml", worked.files[0], shown.yaml(worked.files[0].content.decode("utf-8"))),
        _text("env", worked.files[1], shown.env(rows)),
    ]
    wired = [_row(row, shown) for row in rows]
    counts = Counter(row.state for row in rows)
    proven = all(proof.state == "pass" for proof in worked.proofs)
    return wire_config.ConfigDiff(
        form=worked.legacy.form,
        old=old,
        rows=wired,
        counts={state.value: counts[state] for state in State if counts[state]},
        files=texts,
        round_trip=[wire_config.ConfigProof(**proof._asdict()) for proof in worked.proofs],
        writable=proven and not counts[State.PROBLEM],
        hash=_hash([old, *texts], wired),
        command=_command(wanted),
        decisions=tuple(safe(one) for one in wanted.decisions),
        warnings=_warnings(wanted),
    )


def _warnings(wanted: Wanted) -> tuple[str, ...]:
    if wanted.folder is not None:
        return ()
    return ("no workspace: the target's addresses are not known; name it with -w",)


def _secrets(rows: Sequence[Row]) -> list[str]:
    return [one for row in rows if row.secret for one in (row.old, row.env_value) if one]


def _text(kind: str, file: file_set.NewFile, lines: list[str]) -> wire_config.ConfigText:
    present = os.path.lexists(file.path)
    same = False
    if present:
        try:
            # one that lets others read more than it should is not the same: it is written anew
            loose = file.path.stat().st_mode & 0o777 & ~file.mode
            same = not loose and file.path.read_bytes() == file.content
        except OSError:
            same = False
    return wire_config.ConfigText(
        kind=kind,
        path=safe(os.fsencode(file.path)),
        lines=lines,
        exists=present,
        same=same,
        mode=f"{file.mode:04o}",
    )


def _row(row: Row, shown: Shown) -> wire_config.ConfigRow:
    if row.secret and row.env_name and row.value is not None:
        new = f"env:{row.env_name}"
    else:
        new = "" if row.secret else shown.member(row.value)
    return wire_config.ConfigRow(
        id=row.id,
        state=row.state,
        key=safe(row.name),
        value=shown.value(row.old, secret=row.secret),
        path=safe(row.place),
        new_value=new,
        rule=row.rule,
        reason=shown.line(row.reason),
        near=row.near,
        line=row.line,
        secret=row.secret,
        warn=row.warn,
        accepted=row.accepted,
        acts=tuple(row.acts),
    )


def _hash(texts: Sequence[wire_config.ConfigText], rows: Sequence[wire_config.ConfigRow]) -> str:
    """Digest what is shown: secrets count by their marks, so that it tells nothing of them."""
    digest = sha256()
    for text in texts:
        digest.update(
            "\n".join((text.path, str(text.exists), str(text.same), *text.lines)).encode()
        )
    for row in rows:
        digest.update(f"{row.id} {row.state} {row.value} {row.path} {row.new_value}\n".encode())
    return digest.hexdigest()[:8]


def _command(wanted: Wanted) -> str:
    words = ["vgwm"]
    if wanted.folder is not None:
        words += ["-w", str(wanted.folder)]
    words += ["config", "convert", str(wanted.old), str(wanted.yaml)]
    if wanted.env_out is not None:
        words += ["--env-out", str(wanted.env_out)]
    return safe(shlex.join([*words, *wanted.decisions]))
