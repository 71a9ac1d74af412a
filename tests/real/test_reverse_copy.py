"""The reverse copy: what green accepts comes to a real VersityGW by its private writer.

Green is the lab's front over the object table and the bundles of a directory target.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from core.cutover.risk import risk
from core.ledger.greenlog import GreenState
from core.model import JobKind
from tests.real import reverse_scene as scenes
from tests.real.reverse_scene import BUCKET, MIB, Scene, at_work, ended, fill, migrated, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.client import BaseClient

    from tests.lab.tools import Tools


PLAIN = (
    "ContentEncoding",
    "ContentLanguage",
    "CacheControl",
    "ContentDisposition",
    "ExpiresString",
)
ODD = "new/a+b%20c?d&e=f#g'h<i>"


@pytest.fixture
def sidecar() -> bool:
    return False


@pytest.fixture
def scene(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, sidecar: bool
) -> Iterator[Scene]:
    with scenes.scene_at(tmp_path, tools, sidecar=sidecar) as made:
        for name, value in scenes.variables(made).items():
            monkeypatch.setenv(name, value)
        with made.blue.client() as client:
            fill(client)
        yield made


def rows(scene: Scene) -> list[tuple[object, ...]]:
    """Return green's table as it is."""
    with closing(sqlite3.connect(scene.target / "objects.db")) as table:
        return table.execute("SELECT * FROM versitygw_objects ORDER BY 1,2").fetchall()


def same(blue: BaseClient, green: BaseClient, key: str) -> None:
    """Hold an object of both sides against each other, as a client sees it."""
    ours = blue.get_object(Bucket=BUCKET, Key=key)
    theirs = green.get_object(Bucket=BUCKET, Key=key)
    assert ours["Body"].read() == theirs["Body"].read(), key
    for name in ("ETag", "ContentType", "Metadata", "LastModified", "ContentLength"):
        assert ours[name] == theirs[name], (key, name)
    for name in PLAIN:
        assert ours.get(name) == theirs.get(name), (key, name)
    assert tags(blue, key) == tags(green, key), key


def tags(client: BaseClient, key: str) -> dict[str, str]:
    told = client.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
    return {one["Key"]: one["Value"] for one in told}


@pytest.mark.parametrize("sidecar", [False, True])
async def test_what_green_accepts_is_on_blue_with_all_that_a_client_can_see(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await at_work(scene, engine)
        with scene.clients() as (blue, green):
            await asyncio.to_thread(_writes_of_all_kinds, green)
            left = await settled(engine, 10)
            assert (left.writes, left.deletes, left.uncarriable, left.silent_since_ns) == (0,) * 4
            await asyncio.to_thread(_compared, blue, green)
            listed = [one["Key"] for one in blue.list_objects_v2(Bucket=BUCKET)["Contents"]]
            assert listed == [o["Key"] for o in green.list_objects_v2(Bucket=BUCKET)["Contents"]]


def _writes_of_all_kinds(green: BaseClient) -> None:
    green.put_object(Bucket=BUCKET, Key="new/plain", Body=b"green")
    green.put_object(Bucket=BUCKET, Key="new/empty", Body=b"")
    green.put_object(Bucket=BUCKET, Key="new/folder/", Body=b"")
    green.put_object(Bucket=BUCKET, Key=ODD, Body=b"odd")
    green.put_object(
        Bucket=BUCKET,
        Key="new/rich é",
        Body=os.urandom(3 * MIB + 7),
        ContentType="image/png",
        ContentEncoding="gzip",
        ContentLanguage="de",
        CacheControl="max-age=60",
        Expires=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        ContentDisposition='attachment; filename="a b"',
        Metadata={"one": "1", "two": "zwei und drei"},
        Tagging="a=1&b=two%20words",
    )
    green.put_object(Bucket=BUCKET, Key="old/00", Body=b"green over blue")
    green.delete_object(Bucket=BUCKET, Key="old/01")
    green.put_object_tagging(
        Bucket=BUCKET, Key="old/rich", Tagging={"TagSet": [{"Key": "team", "Value": "green"}]}
    )
    green.copy_object(Bucket=BUCKET, Key="new/copy", CopySource=f"{BUCKET}/old/02")
    upload = green.create_multipart_upload(Bucket=BUCKET, Key="new/parts")["UploadId"]
    sent = [
        green.upload_part(
            Bucket=BUCKET, Key="new/parts", UploadId=upload, PartNumber=n, Body=os.urandom(size)
        )
        for n, size in ((1, 5 * MIB), (2, 6 * MIB), (3, 11))
    ]
    green.complete_multipart_upload(
        Bucket=BUCKET,
        Key="new/parts",
        UploadId=upload,
        MultipartUpload={
            "Parts": [{"PartNumber": n, "ETag": one["ETag"]} for n, one in enumerate(sent, 1)]
        },
    )


def _compared(blue: BaseClient, green: BaseClient) -> None:
    for key in (
        "new/plain",
        "new/empty",
        ODD,
        "new/rich é",
        "new/copy",
        "new/parts",
    ):
        same(blue, green, key)
    same(blue, green, "old/00")
    same(blue, green, "old/rich")


async def test_what_is_replaced_on_blue_is_kept_with_its_attributes(scene: Scene) -> None:
    path = scene.blue.root / BUCKET / "old" / "rich"
    inode = path.stat().st_ino
    attributes = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    assert any(b"colour" in value or "colour" in name for name, value in attributes.items())
    async with migrated(scene) as engine:
        await at_work(scene, engine)
        with scene.green.client() as green:
            green.put_object(Bucket=BUCKET, Key="old/rich", Body=b"other")
            green.delete_object(Bucket=BUCKET, Key="old/03")
        await settled(engine, 2)
    told = [json.loads(one.read_text()) for one in (scene.undo / BUCKET).glob("*.json")]
    assert sorted(one["key"] for one in told) == ["old/03", "old/rich"]
    [kept] = [one for one in (scene.undo / BUCKET).iterdir() if one.stat().st_ino == inode]
    assert kept.read_bytes() == b"rich"
    assert {name: os.getxattr(kept, name) for name in os.listxattr(kept)} == attributes
    [rich] = [one for one in told if one["key"] == "old/rich"]
    assert {n: base64.b64decode(v) for n, v in rich["xattrs"].items()} == attributes


async def test_what_blue_cannot_hold_is_counted_by_name_and_holds_up_nothing(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await at_work(scene, engine)
        with scene.clients() as (blue, green):
            for key in ("old", "old/04/below", "x" * 256, "a//b"):
                green.put_object(Bucket=BUCKET, Key=key, Body=b"never")
            green.put_object(Bucket=BUCKET, Key="zz", Body=b"goes on")
            now = await settled(engine, 1, uncarriable=4)
            assert now.writes == 4
            assert blue.get_object(Bucket=BUCKET, Key="zz")["Body"].read() == b"goes on"
            page = await engine.ledger.greenlog.page(GreenState.UNCARRIABLE)
            assert {row.key.decode() for row in page} == {"old", "old/04/below", "x" * 256, "a//b"}
            assert all(row.why for row in page)
            # what is in the way goes, and one of them can be carried after all
            green.delete_object(Bucket=BUCKET, Key="old/04")
            await settled(engine, 2, uncarriable=4)
            await engine.reverses.halt("tester")
            job = await engine.start_job(JobKind.REVERSE, {}, "tester", "")
            assert job
            now = await risk(engine.ledger)
            assert now.uncarriable == 4


async def test_a_sync_does_not_bring_back_to_green_what_came_from_there(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await at_work(scene, engine)
        with scene.green.client() as green:
            green.put_object(Bucket=BUCKET, Key="old/05", Body=b"first")
            await settled(engine, 1)
            before = rows(scene)
            await ended(engine, JobKind.SYNC, mode="once")
            assert rows(scene) == before
            green.put_object(Bucket=BUCKET, Key="old/05", Body=b"second")
            await settled(engine, 2)
        # committed: still nothing goes there
        await engine.reverses.halt("tester")
        before = rows(scene)
        await engine.reverses.keep([])
        await ended(engine, JobKind.SYNC, mode="once")
        assert rows(scene) == before
        # blue's again: now its content is the one that counts, and nothing differs by it
        await engine.reverses.arm([])
        await engine.reverses.end([])
        cids = [row[:3] for row in rows(scene)]
        await ended(engine, JobKind.SYNC, mode="once")
        assert [row[:3] for row in rows(scene)] == cids


async def test_a_bucket_that_is_made_on_green_comes_to_blue(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await at_work(scene, engine)
        with scene.clients() as (blue, green):
            green.create_bucket(Bucket="fresh")
            green.put_object(Bucket="fresh", Key="k", Body=b"v")
            await settled(engine, 1)
            assert blue.get_object(Bucket="fresh", Key="k")["Body"].read() == b"v"


async def test_a_list_without_its_triggers_is_made_good_by_a_look_at_all(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await at_work(scene, engine)
        with scene.clients() as (blue, green):
            with closing(sqlite3.connect(scene.target / "objects.db")) as table:
                table.execute("DROP TRIGGER vgwm_changes_in")
                table.commit()
                green.put_object(Bucket=BUCKET, Key="unheard", Body=b"v")
            await settled(engine, 1)
            assert blue.get_object(Bucket=BUCKET, Key="unheard")["Body"].read() == b"v"


async def test_i7_a_feed_that_is_not_heard_makes_the_risk_unknown(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await engine.reverses.arm([])
        stand = await engine.ledger.greenlog.stand()
        later = await risk(engine.ledger, stand.since_ns + 31_000_000_000)
        assert later.silent_since_ns == stand.since_ns
        assert not (await risk(engine.ledger, stand.since_ns + 1_000_000_000)).silent_since_ns


async def test_a_socket_that_others_reach_is_not_written_through(scene: Scene) -> None:
    async with migrated(scene) as engine:
        scene.socket.chmod(0o666)
        job = await at_work(scene, engine)
        with scene.clients() as (blue, green):
            green.put_object(Bucket=BUCKET, Key="k", Body=b"v")
            await scenes.waits(engine, job, "0600")
            await scenes.heard(engine, 1)  # known all the same
            assert "Contents" not in blue.list_objects_v2(Bucket=BUCKET, Prefix="k")
            assert await engine.reverses.wrote() is True
            scene.socket.chmod(0o600)
            await settled(engine, 1)


async def test_without_a_private_writer_a_log_is_kept_and_nothing_written(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scenes.scene_at(tmp_path, tools, mode="log") as scene:
        for name, value in scenes.variables(scene).items():
            monkeypatch.setenv(name, value)
        with scene.blue.client() as blue:
            fill(blue)
            async with migrated(scene) as engine:
                await at_work(scene, engine)
                with scene.green.client() as green:
                    green.put_object(Bucket=BUCKET, Key="old/06", Body=b"green")
                    await scenes.heard(engine, 1)
                    assert blue.get_object(Bucket=BUCKET, Key="old/06")["Body"].read() == b"blue 6"


async def test_what_somebody_else_writes_on_blue_is_said_and_kept(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await at_work(scene, engine)
        with scene.clients() as (blue, green):
            green.put_object(Bucket=BUCKET, Key="old/10", Body=b"first")
            await settled(engine, 1)
            green.put_object(Bucket=BUCKET, Key="old/10", Body=b"second")
            await settled(engine, 2)
            assert (await engine.ledger.greenlog.stand()).foreign == 0
            blue.put_object(Bucket=BUCKET, Key="old/10", Body=b"past the load balancer")
            green.put_object(Bucket=BUCKET, Key="old/10", Body=b"third")
            await settled(engine, 3)
            assert blue.get_object(Bucket=BUCKET, Key="old/10")["Body"].read() == b"third"
        assert (await engine.ledger.greenlog.stand()).foreign == 1
        told = [one.text for one in await engine.ledger.last_events(50)]
        assert [text for text in told if "somebody else" in text and "old/10" in text]
        kept = [one.read_bytes() for one in (scene.undo / BUCKET).iterdir()]
        assert b"past the load balancer" in kept


async def test_a_bucket_that_blue_cannot_have_holds_up_no_other(scene: Scene) -> None:
    async with migrated(scene) as engine:
        await at_work(scene, engine)
        with scene.clients() as (blue, green):
            with closing(sqlite3.connect(scene.target / "objects.db")) as table:
                table.execute(
                    "INSERT INTO versitygw_objects SELECT '-No', 'k', cid, size, created_at,"
                    " updated_at, metadata, pin_status FROM versitygw_objects LIMIT 1"
                )
                table.commit()
            green.put_object(Bucket=BUCKET, Key="other", Body=b"v")
            await settled(engine, 1, uncarriable=1)
            assert blue.get_object(Bucket=BUCKET, Key="other")["Body"].read() == b"v"
        [row] = await engine.ledger.greenlog.page(GreenState.UNCARRIABLE)
        assert "its bucket" in row.why
