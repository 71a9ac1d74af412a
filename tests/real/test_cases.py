"""The canary set at a real VersityGW: every case holds, and nothing of it stays behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.cutover.cases import Case, ask_cases
from core.cutover.door import Door, asking
from core.cutover.proof_keys import probe_key
from tests.lab.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.tools import Tools

OWN = "5eed0001"


@pytest.fixture
def gateway(tools: Tools, tmp_path: Path, keeper: Keeper) -> Iterator[Gateway]:
    made = Gateway("cases", tools.path("versitygw"), tmp_path, with_sidecar=False)
    made.start(keeper)
    yield made
    keeper.forget(made.server)


@pytest.mark.parametrize("versioned", [False, True])
async def test_every_case_holds_and_no_object_version_or_upload_stays(
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    versioned: bool,  # noqa: FBT001 - a case
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", gateway.account.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", gateway.account.secret)
    with gateway.client() as client:
        client.create_bucket(Bucket="pool")
        if versioned:
            client.put_bucket_versioning(
                Bucket="pool", VersioningConfiguration={"Status": "Enabled"}
            )
        # what an asking that was killed leaves
        client.put_object(Bucket="pool", Key=probe_key(f"{OWN}-case-a"), Body=b"left")
        client.create_multipart_upload(Bucket="pool", Key=probe_key(f"{OWN}-case-b"))
        client.put_object(Bucket="pool", Key="own", Body=b"a client's")
        async with asking() as asker:
            asked = await ask_cases(asker, Door(name="gw", url=gateway.url), "pool", OWN)
        assert (asked.silent, asked.lost) == ("", ())
        assert asked.passed == tuple(Case)
        assert client.list_multipart_uploads(Bucket="pool").get("Uploads", []) == []
        listed = client.list_objects_v2(Bucket="pool")["Contents"]
        assert [one["Key"] for one in listed] == ["own"]
        if versioned:
            left = client.list_object_versions(Bucket="pool")
            kept = [one["Key"] for one in (*left["Versions"], *left.get("DeleteMarkers", []))]
            assert sorted(set(kept)) == ["own"], left
