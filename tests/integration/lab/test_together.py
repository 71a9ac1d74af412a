"""Several processes share the suite: a dear ground is made once, and what waits delays nobody."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from tests.together import FIXTURE, mixed, sharing, unit

if TYPE_CHECKING:
    from pathlib import Path


def test_files_that_share_a_ground_are_one_unit_and_others_one_each(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "real"
    folder.mkdir(parents=True)
    for name, asks in {"a": FIXTURE, "b": "stack", "c": FIXTURE, "d": "stack"}.items():
        (folder / f"test_{name}.py").write_text(f"def test_one({asks}): ...\n")
    sharers = sharing(tmp_path)
    units = [unit(f"tests/real/test_{name}.py::test_one[xattr]", sharers) for name in "abcd"]
    assert units == [FIXTURE, "tests/real/test_b.py", FIXTURE, "tests/real/test_d.py"]


def test_each_file_is_run_once_and_what_waits_beside_what_computes() -> None:
    files = [f"tests/{name}.py" for name in ("faults/a", "real/b", "real/c", "tui/d", "unit/e")]
    assert mixed([*files, "tests/integration/f.py"]) == [
        "tests/faults/a.py",
        "tests/real/b.py",
        "tests/integration/f.py",
        *files[2:],
    ]


def test_garbage_is_collected_but_not_looked_for_among_what_was_collected() -> None:
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
