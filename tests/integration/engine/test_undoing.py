"""What the reverse copy replaces is kept once, as it was; an absent tree is no endpoint."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.schema import (
    Cutover,
    DirTarget,
    PosixSource,
    PrivateWriter,
    S3Source,
    Workspace,
)
from core.config.secret import SecretRef
from core.engine.reversing.gating import gate
from core.engine.reversing.undoing import Blue, blue_of
from core.errors import NoAnswer
from core.verdict import Verdict
from tests.integration.engine.ground import make_ground

if TYPE_CHECKING:
    from pathlib import Path

KEY = "d1/k0001"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    ground = make_ground(tmp_path, objects=2, buckets=1)
    source, target = PosixSource(path=ground.source), DirTarget(path=ground.target)
    return Workspace(id="0a1b2c3d", source=source, target=target)


@pytest.mark.parametrize("sidecar", [False, True])
async def test_a_second_try_does_not_replace_what_the_first_one_kept(
    tmp_path: Path, workspace: Workspace, *, sidecar: bool
) -> None:
    source = workspace.source
    assert isinstance(source, PosixSource)
    meta = tmp_path / "sc" / "bucket0" / KEY / "meta"
    meta.mkdir(parents=True)
    (meta / "X-Amz-Tagging").write_bytes(b"team=blue")
    path = source.path / "bucket0" / KEY
    os.setxattr(path, "user.X-Amz-Tagging", b"team=blue")
    base = tmp_path / "sc" if sidecar else None
    blue = Blue(source=msgspec.structs.replace(source, sidecar=base), undo=tmp_path / "undo")
    await blue.keep("bucket0", KEY)
    before = path.stat()
    # as a broken-off private writer leaves it: the attributes are of green, the inode of blue
    (meta / "X-Amz-Tagging").write_bytes(b"team=green")
    os.setxattr(path, "user.X-Amz-Tagging", b"team=green")
    await blue.keep("bucket0", KEY)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    [kept] = (tmp_path / "undo" / "bucket0").glob("*.json")
    told = json.loads(kept.read_text())
    shown = told["sidecar"]["X-Amz-Tagging"] if sidecar else told["xattrs"]["user.X-Amz-Tagging"]
    assert base64.b64decode(shown) == b"team=blue"


async def test_i7_a_tree_that_is_not_there_is_silence_and_an_endpoint_has_none(
    tmp_path: Path, workspace: Workspace
) -> None:
    gone = msgspec.structs.replace(workspace, source=PosixSource(path=tmp_path / "unmounted"))
    with pytest.raises(NoAnswer, match="blue's tree is not there"):
        blue_of(gone)
    key = SecretRef.parse("env:NO_SUCH_KEY")
    writer = PrivateWriter(socket=tmp_path / "sock", access_key_ref=key, secret_ref=key)
    reverse = msgspec.structs.replace(gone, cutover=Cutover(private_writer=writer))
    found = await gate(reverse, ["bucket0"])
    assert found.verdict is Verdict.FAIL
    assert "blue's tree is not there" in found.evidence
    empty = tmp_path / "empty"
    empty.mkdir()  # as a mount point is while nothing is mounted there
    bare = msgspec.structs.replace(reverse, source=PosixSource(path=empty))
    found = await gate(bare, ["bucket0"])
    assert (found.verdict, "is not there" in found.evidence) == (Verdict.FAIL, True)
    blue = blue_of(bare)
    assert blue is not None
    with pytest.raises(NoAnswer, match="nor be compared"):
        await blue.fingerprint("bucket0", KEY)
    with pytest.raises(NoAnswer, match="could not be kept"):
        await blue.keep("bucket0", KEY)
    endpoint = S3Source(endpoint="http://127.0.0.1:1", access_key_ref=key, secret_ref=key)
    assert blue_of(msgspec.structs.replace(workspace, source=endpoint)) is None
