"""Bundles in a directory: a real Kubo imports every one of them, and serves every object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.lab import target
from tests.lab.kubo import KuboNode
from tests.lab.target import Fetcher
from tests.lab.vgwm import Vgwm
from tests.real.migrated import said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.tools import Tools
    from tests.lab.tree.grow import GatewayTree

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Exported:
    """A directory with all bundles, and a node that has imported them."""

    tree: GatewayTree
    folder: Path
    kubo: KuboNode
    roots: list[str]


@pytest.fixture(scope="module")
def exported(
    gateway_tree: GatewayTree,
    tools: Tools,
    keeper: Keeper,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Exported]:
    base = tmp_path_factory.mktemp("dir")
    folder = base / "out"
    with Vgwm(base / "ws", forked=False) as vgwm:  # the script itself, at its main job
        vgwm.run("init", *gateway_tree.init_words, "--target", f"dir:{folder}")
        vgwm.run("plan")
        vgwm.run("copy")
    kubo = KuboNode("kubo-alone", tools.path("ipfs"), base / "kubo", storage_max="50GB")
    kubo.init()
    kubo.start(keeper)
    kubo.wait_ready()
    roots = [_imported(kubo, car) for car in sorted((folder / "bundles").glob("*.car"))]
    yield Exported(gateway_tree, folder, kubo, roots)
    keeper.forget(kubo.server)


def _imported(kubo: KuboNode, car: Path) -> str:
    answer = kubo.api.upload("/api/v0/dag/import?pin-roots=true", car.read_bytes())
    assert answer.status == 200, (car.name, answer.body)
    [told] = answer.objects()
    root = told["Root"]
    assert isinstance(root, dict)
    assert root["PinErrorMsg"] == ""
    assert root["Cid"]["/"] == car.stem
    return car.stem


def test_every_current_object_comes_back_by_its_cid(exported: Exported) -> None:
    told = {(o.bucket, o.key): o for o in exported.tree.told.current()}
    rows = target.rows(exported.folder / "objects.db")
    assert [(r.bucket, r.key) for r in rows] == sorted(told)
    with Fetcher(exported.kubo) as fetcher:
        for row in rows:
            expected = told[row.bucket, row.key]
            assert fetcher.sha256(row.cid) == expected.sha256, row
            assert said(row.metadata) == expected.document(), row.key
            assert row.pin_status == 2


def test_the_copy_of_each_manifest_is_the_bundles_own(exported: Exported) -> None:
    copies = sorted((exported.folder / "manifests").glob("*.ndjson"))
    assert [copy.stem for copy in copies] == exported.roots
    with Fetcher(exported.kubo) as fetcher:
        for copy in copies:
            assert fetcher.cat(f"{copy.stem}/manifest") == copy.read_bytes()


def test_old_versions_come_back_by_the_cid_that_the_manifest_names(exported: Exported) -> None:
    old = {(o.bucket, o.key, o.version): o for o in exported.tree.told.versions()}
    seen = set()
    with Fetcher(exported.kubo) as fetcher:
        for root in exported.roots:
            for line in target.lines(root, fetcher.cat(f"{root}/manifest")):
                if line.version and not line.marker:
                    told = old[line.bucket, line.key, line.version]
                    assert fetcher.sha256(line.cid) == told.sha256, line
                    seen.add((line.bucket, line.key, line.version))
    assert seen == set(old)


def test_nothing_is_left_half_done(exported: Exported) -> None:
    assert list((exported.folder / "tmp").iterdir()) == []
