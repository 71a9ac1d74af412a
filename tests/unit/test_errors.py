"""Every error has a family, an exit code, and its line in docs/errors.md."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import NamedTuple

import pytest

import core
from core.engine.crew.task import Fault, ObjectFault
from core.errors import OBJECT_FAMILIES, Family, NodeBusy, VgwmError, code_of, family_of

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"


class Line(NamedTuple):
    family: str
    exit_code: str
    engine: str
    operator: str


def told() -> dict[str, Line]:
    """Return the table of the documentation, by class or code."""
    lines: dict[str, Line] = {}
    for text in DOCS.read_text().splitlines():
        if text.startswith("| `"):
            names, *rest = (cell.strip() for cell in text.strip("|").split("|"))
            for name in names.split(","):
                lines[name.strip().strip("`")] = Line(*rest)
    return lines


def classes() -> set[type[VgwmError]]:
    for module in pkgutil.walk_packages(core.__path__, "core."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, todo = set(), [VgwmError]
    while todo:
        kind = todo.pop()
        if kind.__module__.startswith("core."):
            found.add(kind)
            todo += kind.__subclasses__()
    return found


def test_the_documentation_names_each_class_with_its_family_and_exit_code() -> None:
    here = {k.__name__: (k.family.value, str(k.exit_code)) for k in classes()}
    here |= {code: (family.value, "") for code, family in OBJECT_FAMILIES.items()}
    assert {name: line[:2] for name, line in told().items()} == here
    assert all(line.engine and line.operator for line in told().values())


CLASSES: list[type[VgwmError]] = sorted(classes(), key=code_of)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_code_on_the_wire_has_the_family_of_its_class(kind: type[VgwmError]) -> None:
    if kind is not VgwmError:
        assert family_of(code_of(kind)) is kind.family


def test_a_code_that_nobody_knows_is_its_objects_own() -> None:
    assert family_of("hidden_put") is Family.OBJECT


def test_faults_keep_their_family_and_their_wait_between_processes() -> None:
    busy = NodeBusy(what="w", where="x", remedy="r", wait_s=17.0, node="kubo-1")
    fault = Fault.of(busy)
    assert fault.family is Family.THROTTLED
    back = fault.error()
    assert isinstance(back, NodeBusy)
    assert (back.wait_s, back.node, back.family) == (17.0, "kubo-1", Family.THROTTLED)
    assert ObjectFault(b"k", b"", "failed", "stale-etag", "").family is Family.CORRUPT
