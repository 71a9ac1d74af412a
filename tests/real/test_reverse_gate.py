"""The gate `reverse`: red by each real cause for which nothing would come to blue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.workspace import FILE_NAME, load
from core.engine.reversing.gating import gate
from core.verdict import Verdict
from tests.real import reverse_scene as scenes
from tests.real.reverse_scene import BUCKET, Scene, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.config.schema import Workspace
    from core.cutover.gate import Gate
    from tests.lab.tools import Tools


@pytest.fixture
def scene(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with scenes.scene_at(tmp_path, tools) as made:
        for name, value in scenes.variables(made).items():
            monkeypatch.setenv(name, value)
        with made.blue.client() as client:
            fill(client)
        yield made


def settings(scene: Scene, **changed: object) -> Workspace:
    """Return the scene's workspace with other policies of the cutover."""
    now = load(scene.workspace / FILE_NAME)
    return msgspec.structs.replace(now, cutover=msgspec.structs.replace(now.cutover, **changed))


async def asked(scene: Scene, **changed: object) -> Gate:
    return await gate(settings(scene, **changed), [BUCKET])


async def test_it_opens_while_the_writer_answers_and_shuts_when_it_does_not(scene: Scene) -> None:
    assert (await asked(scene)).verdict is Verdict.PASS
    scene.private.kill()
    silent = await asked(scene)
    assert silent.verdict is Verdict.FAIL
    assert "does not answer" in silent.evidence


async def test_a_socket_for_all_and_wrong_keys_are_no_private_writer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(scenes.SECRET, "another")
    wrong = await asked(scene)
    assert (wrong.verdict, "keys" in wrong.evidence) == (Verdict.FAIL, True)
    assert "another" not in wrong.evidence
    monkeypatch.setenv(scenes.SECRET, scene.blue.account.secret)
    scene.socket.chmod(0o660)
    assert (await asked(scene)).verdict is Verdict.FAIL


async def test_what_is_replaced_has_to_be_kept_on_blues_own_file_system(scene: Scene) -> None:
    other = await asked(scene, undo=Path("/dev/shm/vgwm-undo"))  # noqa: S108 - nothing is made there
    assert (other.verdict, "file system" in other.evidence) == (Verdict.FAIL, True)
    assert not Path("/dev/shm/vgwm-undo").exists()  # noqa: S108, ASYNC240 - as above


async def test_off_warns_by_name_and_continuous_without_a_writer_fails(scene: Scene) -> None:
    off = await asked(scene, reverse="off")
    assert (off.name, off.verdict) == ("reverse", Verdict.WARN)
    assert (await asked(scene, private_writer=None)).verdict is Verdict.FAIL
    assert (await asked(scene, reverse="log", private_writer=None)).verdict is Verdict.WARN
