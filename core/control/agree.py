"""What a command line repeats of what the workspace knows: it must agree, else exit 5."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from core.config import slices as slicing
from core.config.units import parse_duration
from core.config.workspace import load
from core.display import safe
from core.errors import BadInput, ForeignPlan, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LARGEST_PLAN = 16 << 20


class _PlanFile(msgspec.Struct):
    """The part of a written plan that says whose it is."""

    id: str


def check_agreement(
    workspace: Path,
    *,
    source_backend: str | None,
    source_path: str | None,
    target_backend: str | None,
) -> None:
    """Raise Refused if an option names another source or target than vgwm.yaml."""
    asked = (source_backend, source_path, target_backend)
    if asked == (None, None, None):
        return
    known = load(workspace / "vgwm.yaml")
    source, target = known.source, known.target
    _same("--source-backend", source_backend, source.__struct_config__.tag)
    _same("--target-backend", target_backend, target.__struct_config__.tag)
    if source_path is not None:
        path = getattr(source, "path", None)
        _same("--source-path", os.path.realpath(source_path), path and os.path.realpath(path))


def _same(option: str, asked: str | None, known: object) -> None:
    if asked is not None and asked != known:
        raise Refused(
            what=f"{option} {safe(asked)} is not the workspace's, which is {safe(str(known))}",
            where="vgwm.yaml",
            remedy=f"Leave {option} out, or name the workspace of that migration with -w.",
        )


def check_slices(workspace: Path, words: Sequence[str]) -> None:
    """Raise BadInput unless these read as slices, Refused where vgwm.yaml names others."""
    given = slicing.parse(words)
    if given:
        slicing.agreed(given, load(workspace / "vgwm.yaml").cutover.slices)


def check_plan_file(workspace: Path, plan: Path) -> None:
    """Raise ForeignPlan if a written plan belongs to another workspace, BadInput if it is none."""
    shown = safe(os.fsencode(plan))
    try:
        with plan.open("rb") as file:
            found = msgspec.json.decode(file.read(_LARGEST_PLAN), type=_PlanFile)
    except OSError as error:
        raise BadInput(
            what=f"the plan cannot be read: {error.strerror}",
            where=shown,
            remedy="vgwm plan --output FILE writes it.",
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            what=f"the file is no plan: {safe(str(error))}",
            where=shown,
            remedy="vgwm plan --output FILE writes one.",
        ) from error
    known = load(workspace / "vgwm.yaml").id
    if found.id != known:
        raise ForeignPlan(
            what=f"the plan belongs to workspace {safe(found.id)}, this one is {known}",
            where=shown,
            remedy="Name its workspace with -w, or leave --plan out.",
        )


def seconds(text: str, *, where: str) -> float:
    """Return a duration given with its unit, like 60s. Raises BadInput."""
    try:
        return float(parse_duration(text))
    except BadInput as error:
        raise BadInput(what=error.what, where=where, remedy=error.remedy) from error
