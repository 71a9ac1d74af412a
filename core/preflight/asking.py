"""Who answers which row: facts gathered, then judged. What several rows need is asked once.

May import its own room, the source, the target and the configuration.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from core.config.schema import DirTarget, S3Source
from core.errors import Denied, NoAnswer, NoGatewayRoot
from core.model import NS_PER_S
from core.preflight import judge_host, judge_probes, judge_room, judge_source
from core.preflight.facts_backup import audited, newest_backup
from core.preflight.facts_docker import docker_versions
from core.preflight.facts_host import (
    free_bytes,
    host_facts,
    quiet_mount,
    refused_quietly,
    same_disk,
)
from core.preflight.facts_nodes import node_rooms, replication
from core.preflight.judged import FAIL, PASS, UNKNOWN, Judged, worst
from core.preflight.rows import From
from core.preflight.survey_process import survey_apart
from core.source.chosen import open_source, source_config
from core.source.posix.chosen import posix_config
from core.source.posix.config import MetadataMode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.preflight.grounds import Grounds
    from core.preflight.rows import Row
    from core.preflight.survey import Survey
    from core.verdict import Answer


NOT_HERE: Final = "not for this source: its files are read by the gateway, not by vgwm"


class Asking:
    """Answers rows of one assessment. walk: the source is walked, else the known survey taken."""

    def __init__(self, grounds: Grounds, *, walk: bool) -> None:
        self._grounds = grounds
        self._walk = walk
        self._walking: asyncio.Task[Survey] | None = None
        self._probing: asyncio.Task[Sequence[Answer]] | None = None
        self._by_row: dict[str, Callable[[], Awaitable[Judged]]] = {
            "source": self._source,
            "inventory": self._inventory,
            "read": self._read,
            "versions": self._versions,
            "keys": self._keys,
            "atime": self._atime,
            "host": self._host,
            "workspace": self._workspace,
            "capacity": self._capacity,
            "docker": self._docker,
            "backups": self._backups,
            "security": self._security,
        }

    @property
    def survey(self) -> Survey | None:
        """What the walk found; None before it has ended, and where there was none."""
        walking = self._walking
        if walking is None or not walking.done() or walking.cancelled() or walking.exception():
            return None
        return walking.result()

    @property
    def _archive(self) -> bool:
        return self._grounds.workspace.versions == "archive"

    @property
    def _is_s3(self) -> bool:
        return isinstance(self._grounds.workspace.source, S3Source)

    @property
    def _mode(self) -> MetadataMode:
        return posix_config(self._grounds.workspace).mode

    async def ask(self, row: Row) -> Judged:
        """Answer one row. Raises VgwmError and OSError: nobody answers."""
        if row.come is From.NOTE:
            return judge_probes.note(self._grounds.notes.get(row.id), row.id)
        if row.come is From.PROBES:
            return judge_probes.probed(row, await self._probed())
        return await self._by_row[row.id]()

    async def close(self) -> None:
        """End the walk and the questions to the probes."""
        tasks = [task for task in (self._walking, self._probing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _surveyed(self) -> Survey:
        grounds = self._grounds
        if not self._walk and grounds.known is not None:
            return grounds.known
        if self._walking is None:
            walk = survey_apart(grounds.workspace, grounds.walked)
            self._walking = asyncio.create_task(walk, name="survey of the source")
        return await asyncio.shield(self._walking)

    async def _sized(self) -> Survey:
        """Return a survey that tells sizes: a walk that failed tells none, the one before might.

        Raises NoAnswer where neither does.
        """
        survey = await self._surveyed()
        if not survey.fault:
            return survey
        if self._grounds.known is not None:
            return self._grounds.known
        raise NoAnswer(
            what=f"what the source holds is not known: {survey.fault}",
            where="assess",
            remedy=survey.remedy,
        )

    async def _probed(self) -> Sequence[Answer]:
        if self._probing is None:
            self._probing = asyncio.create_task(_once(self._grounds.probed), name="probes")
        return await asyncio.shield(self._probing)

    async def _source(self) -> Judged:
        config = await asyncio.to_thread(source_config, self._grounds.workspace)
        try:
            source = open_source(config)
            findings = await asyncio.to_thread(source.check)
            buckets, _ = await asyncio.to_thread(source.buckets)
        except NoGatewayRoot as error:
            return Judged(FAIL, error.what, error.remedy)
        except Denied as error:
            return Judged(UNKNOWN, error.what, error.remedy)
        mode = "as S3 shows it" if self._is_s3 else self._mode.value
        return judge_source.source_root(findings, buckets=len(buckets), mode=mode)

    async def _inventory(self) -> Judged:
        return judge_source.inventory(await self._surveyed())

    async def _read(self) -> Judged:
        kept = self._is_s3 or self._mode is not MetadataMode.NONE
        return judge_source.reading(await self._surveyed(), attributes=kept)

    async def _versions(self) -> Judged:
        return judge_source.versions(await self._surveyed(), archive=self._archive)

    async def _keys(self) -> Judged:
        return judge_source.keys(await self._surveyed())

    async def _atime(self) -> Judged:
        if self._is_s3:
            return Judged(PASS, NOT_HERE)
        config = posix_config(self._grounds.workspace)
        quiet = await asyncio.to_thread(quiet_mount, config)
        try:
            refused = "" if quiet else await asyncio.to_thread(refused_quietly, config)
        except Denied as error:
            refused = error.what  # not even the buckets can be listed quietly
        if not quiet and not refused:
            survey = await self._surveyed()  # it opens every entry, not the buckets alone
            refused = survey.fault if survey.loud else ""
        return judge_host.atime(quiet_mount=quiet, refused=refused)

    async def _host(self) -> Judged:
        return judge_host.host(await asyncio.to_thread(host_facts, self._grounds.folder))

    async def _workspace(self) -> Judged:
        survey, folder = await self._sized(), self._grounds.folder
        ledger = judge_room.workspace_disk(
            free_bytes=await asyncio.to_thread(free_bytes, folder), objects=survey.objects
        )
        target = self._grounds.workspace.target
        if not isinstance(target, DirTarget):
            return ledger
        cars = judge_room.folder_disk(
            free_bytes=await asyncio.to_thread(free_bytes, target.path),
            objects=survey.objects,
            size_bytes=survey.carried_bytes(archive=self._archive),
            same_disk=await asyncio.to_thread(same_disk, folder, target.path),
        )
        return worst([ledger, cars], ledger)

    async def _capacity(self) -> Judged:
        target = self._grounds.workspace.target
        if isinstance(target, DirTarget):
            return Judged(UNKNOWN, "a folder has no nodes", "See the row workspace.")
        survey = await self._sized()
        return judge_room.capacity(
            await node_rooms(target),
            size_bytes=survey.carried_bytes(archive=self._archive),
            replication=await asyncio.to_thread(replication, target),
        )

    async def _docker(self) -> Judged:
        return judge_host.docker(*await docker_versions())

    async def _backups(self) -> Judged:
        newest = await asyncio.to_thread(newest_backup, self._grounds.folder)
        if newest is None:
            return judge_host.backups(None, "")
        age_s = (self._grounds.clock_ns() - newest.backup.at_ns) / NS_PER_S
        return judge_host.backups(age_s, newest.words)

    async def _security(self) -> Judged:
        newest = await asyncio.to_thread(newest_backup, self._grounds.folder)
        findings = None if newest is None else await asyncio.to_thread(audited, newest)
        return judge_probes.security(findings)


async def _once(ask: Callable[[], Awaitable[Sequence[Answer]]]) -> Sequence[Answer]:
    return await ask()
