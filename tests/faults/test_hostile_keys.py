"""A thousand hostile keys: each arrives byte by byte, or is listed by its class."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.dag import cid as cids
from core.dag.manifest import Manifest
from core.display import object_name, parse_object_name
from core.target.dir_store import DirStore
from tests.faults.hostile import FIXED, NEVER, expected, invented, placed, put
from tests.faults.journal import ETAG, TYPE, etag_of
from tests.faults.seeded import fault_seed
from tests.integration.cli.shell import Ran, vgwm
from tests.integration.engine.ground import Ground, engine_on, make_workspace, migrate
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(180)

BUCKET = "photos"
LEAST = 1_000
TOO_LONG = b"/".join((b"t" * 250,) * 18)
"""4,517 bytes: a tree can hold it, no system call can name it, and S3 ends at 1,024."""


def _body(key: bytes) -> bytes:
    return b"" if key.endswith(b"/") else b"body of " + hashlib.sha256(key).digest()


def _make(ground: Ground, keys: list[bytes]) -> None:
    bucket = ground.source / BUCKET
    bucket.mkdir(parents=True)
    for key in keys:
        put(bucket, key, _body(key), {ETAG: etag_of(_body(key)), TYPE: b"text/plain"})


def _one_a_line(ran: Ran) -> list[dict[str, object]]:
    assert ran.code == 0, ran.err
    # split by newline alone: JSON may hold U+2028 and the like as they are
    return [json.loads(line) for line in ran.out.split("\n") if line]


@pytest.mark.parametrize("key", NEVER)
def test_no_file_system_holds_what_s3_alone_can_name(tmp_path: Path, key: bytes) -> None:
    with contextlib.suppress(ValueError, OSError):
        put(tmp_path, key, b"body", {})
    tree = os.walk(os.fsencode(tmp_path))
    lying = {folder + b"/" + name for folder, _, names in tree for name in names}
    assert os.fsencode(tmp_path) + b"/" + key not in lying


async def test_i4_each_hostile_key_arrives_or_is_listed(tmp_path: Path) -> None:
    keys = placed([*FIXED, *invented(fault_seed(), 62), TOO_LONG])
    assert len(keys) >= LEAST
    assert set(FIXED) <= set(keys)
    ground = Ground(tmp_path / "gw", tmp_path / "out", tmp_path / "ws", {})
    _make(ground, keys)
    make_workspace(ground, Knobs(workers=2, batch_size=40))
    async with engine_on(ground) as engine:
        job = await migrate(engine)
        assert job.state == "done", job.result
        counted = await engine.ledger.counters()
        await engine.ledger.recount()
    objects = {key for key in keys if expected(key) is None and key != TOO_LONG}
    _table(ground, objects)
    _manifests(ground, objects)
    _same(set(_ledger(ground)), set(keys))
    assert (counted.objects, counted.migrated, counted.failed) == (len(keys), len(objects), 1)
    listed = _one_a_line(await vgwm("errors", "--json", "-w", str(ground.workspace), home=tmp_path))
    _listed(listed, {key for key in keys if key not in objects})
    shown = _one_a_line(await vgwm("status", "--json", "-w", str(ground.workspace), home=tmp_path))
    result = shown[0]["result"]
    assert isinstance(result, dict)
    assert (result["total"], result["migrated"], result["skipped"], result["failed"]) == (
        len(keys),
        len(objects),
        len(keys) - len(objects) - 1,
        1,
    )
    classes = Counter(told for key in keys if (told := expected(key)) is not None)
    print(f"{len(keys)} keys: {len(objects)} arrived, {dict(classes)} skipped, 1 failed")  # noqa: T201 - figures
    assert dict(classes) == dict(counted.classes)


def _same(found: set[bytes], wanted: set[bytes]) -> None:
    assert (sorted(found - wanted), sorted(wanted - found)) == ([], [])


def _table(ground: Ground, objects: set[bytes]) -> None:
    """The object table holds each key byte by byte, and its CID leads to the key's own body."""
    read = bodies(ground.target)
    _same({key.encode() for _, key in read}, objects)
    for (_, key), body in read.items():
        assert body == _body(key.encode())


def _manifests(ground: Ground, objects: set[bytes]) -> None:
    store = DirStore(ground.target)
    entries = [
        entry
        for root in store.roots()
        for entry in Manifest.parse(store.manifest(root).decode()).entries
    ]
    assert len(entries) == len(objects)
    _same({entry.key.encode() for entry in entries}, objects)
    for entry in entries:
        assert entry.cid is not None
        assert entry.size == len(_body(entry.key.encode())), cids.text(entry.cid)


def _ledger(ground: Ground) -> list[bytes]:
    with closing(sqlite3.connect(ground.workspace / "ledger.db")) as db:
        return [key for (key,) in db.execute("SELECT key FROM objects")]


def _listed(lines: list[dict[str, object]], left: set[bytes]) -> None:
    """`errors --json` names each key that did not arrive, once, with its class, readably."""
    told: dict[bytes, object] = {}
    for line in lines:
        text = f"{line['bucket']}/{line['key']}"
        name = parse_object_name(text)
        assert text == object_name(name.bucket, name.key)
        assert name.bucket == BUCKET.encode()
        assert text.isprintable()
        assert str(line["text"]).isprintable()
        assert name.key not in told
        told[name.key] = line["code"]
    _same(set(told), left)
    for key, code in told.items():
        assert code == (expected(key) or "unreadable"), key
