"""Shadow reads of a real migration: VersityGW and the green front answer alike, or it is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from core.cutover.door import Door, asking
from core.cutover.samples import read_back, sample_of
from core.cutover.shadow import shadow
from core.ledger.ledger import Ledger
from core.verdict import Verdict
from tests.lab.gateway import Gateway
from tests.lab.green_front import Backend, GreenFront
from tests.lab.vgwm import Vgwm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from botocore.client import BaseClient

    from core.cutover.door import Asker
    from core.cutover.samples import Sample
    from core.ledger.reading import LedgerReader
    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

pytestmark = pytest.mark.timeout(180)

MANY = 60
PART = 5 << 20


@dataclass(frozen=True)
class Sides:
    """Both sides with the same objects, and the workspace that carried them."""

    blue: Gateway
    green: GreenFront
    vgwm: Vgwm

    @property
    def doors(self) -> tuple[Door, Door]:
        return Door(name="blue", url=self.blue.url), Door(name="green", url=self.green.url)


def fill(client: BaseClient) -> None:
    """Write what clients write: names, headers, metadata, tags, parts."""
    client.create_bucket(Bucket="pool")
    for number in range(MANY):
        client.put_object(Bucket="pool", Key=f"many/{number:03}", Body=b"%d" % number * 99)
    client.put_object(Bucket="pool", Key="empty", Body=b"")
    client.put_object(
        Bucket="pool",
        Key="odd ü&+%2F name",
        Body=b"odd",
        Metadata={"colour": "red", "note": "two words"},
        ContentType="text/plain; charset=utf-8",
        ContentEncoding="identity",
        ContentDisposition='attachment; filename="a b"',
        ContentLanguage="de",
        CacheControl="max-age=60",
        Tagging="team=web&stage=live",
    )
    made = client.create_multipart_upload(Bucket="pool", Key="parts")
    named = {"Bucket": "pool", "Key": "parts", "UploadId": made["UploadId"]}
    parts = [
        {
            "PartNumber": at,
            "ETag": client.upload_part(**named, PartNumber=at, Body=bytes([at]) * PART)["ETag"],
        }
        for at in (1, 2)
    ]
    client.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})


@pytest.fixture(scope="module")
def sides(
    tools: Tools, keeper: Keeper, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sides]:
    base = tmp_path_factory.mktemp("shadow")
    blue = Gateway("shadow-blue", tools.path("versitygw"), base / "blue", with_sidecar=False)
    blue.start(keeper)
    with blue.client() as client:
        fill(client)
    with Vgwm(base / "ws") as vgwm:
        words = ["--source", f"posix:{blue.root}", "--versioning-dir", str(blue.versioning_dir)]
        vgwm.run("init", *words, "--target", f"dir:{base / 'out'}")
        vgwm.run("plan")
        vgwm.run("copy")
    green = GreenFront("shadow-green", base / "green", Backend.folder(base / "out"), blue.account)
    green.start(keeper)
    yield Sides(blue, green, vgwm)
    keeper.forget(green.server)
    keeper.forget(blue.server)


@pytest.fixture
async def ledger(sides: Sides) -> AsyncIterator[LedgerReader]:
    opened = await Ledger.read_only(sides.vgwm.workspace / "ledger.db")
    yield opened
    await opened.close()


@pytest.fixture
async def samples(ledger: LedgerReader) -> list[Sample]:
    return [sample_of(pick) for pick in await ledger.picks.objects(7, 1_000)]


@pytest.fixture
async def asker(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asker]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", sides.blue.account.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", sides.blue.account.secret)
    async with asking() as opened:
        yield opened


async def test_what_was_migrated_is_served_alike(
    sides: Sides, asker: Asker, samples: list[Sample]
) -> None:
    assert len(samples) == MANY + 3
    gate = await shadow(asker, *sides.doors, samples)
    assert "differ" not in gate.evidence
    assert f"{MANY + 3} keys" in gate.evidence


async def test_the_newest_objects_are_read_back_through_green(
    sides: Sides, asker: Asker, ledger: LedgerReader
) -> None:
    newest = [sample_of(pick) for pick in await ledger.picks.newest(1_000)]
    assert len(newest) == MANY + 3
    assert all(sample.etag for sample in newest)
    assert await read_back(asker, sides.doors, newest) == [], "by size and ETag of the ledger"


async def test_a_write_on_one_side_is_named(
    sides: Sides, asker: Asker, samples: list[Sample]
) -> None:
    with sides.green.client() as client:
        client.put_object(Bucket="pool", Key="empty", Body=b"not any more")
    gate = await shadow(asker, *sides.doors, samples)
    assert gate.verdict is Verdict.FAIL
    assert f"1 of {MANY + 3} keys differ: pool/empty (HEAD: " in gate.evidence


async def test_a_slow_green_is_red_with_both_times(
    sides: Sides, asker: Asker, samples: list[Sample]
) -> None:
    few = [one for one in samples if one.key.startswith("many/")][:3]
    sides.green.slow(0.3)
    try:
        gate = await shadow(asker, *sides.doors, few)
    finally:
        sides.green.slow(0)
    assert gate.verdict is Verdict.FAIL
    assert "3 keys equal, but p99 blue " in gate.evidence
