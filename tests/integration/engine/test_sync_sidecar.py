"""A round over a tree whose attributes lie beside it: a tag there is a change of the object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.config.schema import DirTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, write
from core.model import JobKind
from tests.integration.engine import fresh
from tests.integration.source.tree import ENABLED, HandTree

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.engine import Engine

TAG = {"X-Amz-Tagging": b'{"a":"b"}'}


async def round_of(engine: Engine) -> tuple[int, int, int, int]:
    assert await fresh.run(engine, JobKind.SYNC, mode="once") == "done"
    await engine.ledger.recount()
    found = (await engine.ledger.rounds.rounds(1))[0].found
    return found.added, found.changed, found.attrs, found.deleted


async def test_a_tag_in_a_sidecar_a_new_version_and_a_delete_are_seen(tmp_path: Path) -> None:
    tree = HandTree(tmp_path / "tree", "sidecar").make()
    tree.bucket(attributes=ENABLED)
    for number in range(5):
        tree.put(b"k%d" % number, b"body %d" % number)
    folder = tmp_path / "ws"
    folder.mkdir()
    source = PosixSource(path=tree.root, versioning_dir=tree.versions, sidecar=tree.sidecar)
    write(
        folder / FILE_NAME,
        Workspace(
            id="0a1b2c3d",
            source=source,
            target=DirTarget(path=tmp_path / "out"),
            knobs=Knobs(workers=1),
        ),
    )
    await fresh.begun_anew(folder)
    async with fresh.opened(folder) as engine:
        assert await round_of(engine) == (0, 0, 0, 0)
        tree.mark(tree.root / "bucket/k1", TAG)
        assert await round_of(engine) == (0, 0, 1, 0)
        tree.version(b"k2", b"01HF7YAT0HBMNPVE7F4HBNT4DB", b"before")
        (tree.root / "bucket/k3").unlink()
        assert await round_of(engine) == (1, 0, 0, 1)
        assert await round_of(engine) == (0, 0, 0, 0)
    rows = fresh.table(tmp_path / "out")
    assert sorted(key for _, key in rows) == ["k0", "k1", "k2", "k4"]
    assert '"tags": {"a": "b"}' in str(rows["bucket", "k1"][4])
