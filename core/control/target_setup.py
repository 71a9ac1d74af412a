"""Makes what a target lacks: folders, tables, the cache's cluster; shown, then confirmed."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from core.config.schema import DirTarget
from core.config.workspace import FILE_NAME, load
from core.control.cache_setup import look_at_cache, make_cache
from core.dag.canonical import dumps
from core.display import safe
from core.errors import Refused
from core.target import profile as profiles
from core.target.dir_store import DirStore
from core.target.objects import refuse_mismatch
from core.target.open_table import absent_file, open_target_table, table_spec

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.cache_setup import CacheState
    from core.model import Finding
    from core.target.profile import Profile


class TargetState(msgspec.Struct, frozen=True, kw_only=True):
    """What a target has and lacks. missing: what would be made; hash: of exactly that.

    cache: the gateway's, "" without one.
    """

    table: str
    profile: str
    profile_digest: str
    missing: list[str]
    found: list[str]
    hash: str
    cache: str = ""

    def lines(self) -> list[str]:
        """Return it as plain lines."""
        return [
            f"table    {self.table}",
            f"profile  {self.profile}  digest {self.profile_digest}",
            *([f"cache    {self.cache}"] if self.cache else []),
            *(f"= there    {name}" for name in self.found),
            *(f"+ to make  {name}" for name in self.missing),
            f"plan     {self.hash}" if self.missing else "nothing is to be made",
        ]


async def look(workspace: Path) -> TargetState:
    """Compare the target with the profile; change nothing.

    Raises SchemaMismatch, NoAnswer, and Refused for servers of a cache that are in use.
    """
    known = load(workspace / FILE_NAME)
    if isinstance(known.target, DirTarget):
        DirStore(known.target.path).refuse_file()
    profile = profiles.load(known.target.profile)
    spec = table_spec(known)
    absent = absent_file(spec)
    findings: list[Finding] = []
    if absent is None:
        table = await open_target_table(known, profile)
        try:
            findings = await table.check()
        finally:
            await table.close()
    missing, found = _sort(findings, profile, everything=absent is not None)
    if isinstance(known.target, DirTarget) and not known.target.path.is_dir():
        missing.insert(0, f"folder {safe(str(known.target.path))}")
    cache = await look_at_cache(known)
    return _state(
        spec, profile, cache._replace(missing=missing + cache.missing, found=found + cache.found)
    )


async def apply(workspace: Path, confirmed: str) -> TargetState:
    """Make what `look` showed under this hash, and return the target as it is then.

    Raises Refused with the difference if the target has changed since.
    """
    seen = await look(workspace)
    if seen.hash != confirmed:
        raise Refused(
            what=f"the plan {safe(confirmed)} is not what would be done now, which is {seen.hash}",
            where=f"to make: {', '.join(seen.missing) or 'nothing'}",
            remedy=f"Look at it, then: vgwm target init --confirm {seen.hash}",
        )
    known = load(workspace / FILE_NAME)
    if isinstance(known.target, DirTarget):
        await asyncio.to_thread(DirStore(known.target.path).prepare)
    table = await open_target_table(known, profiles.load(known.target.profile))
    try:
        await table.ensure()
    finally:
        await table.close()
    await make_cache(known, [one for one in seen.missing if one.startswith("cache ")])
    return await look(workspace)


def _sort(
    findings: list[Finding], profile: Profile, *, everything: bool
) -> tuple[list[str], list[str]]:
    """Return the tables that are absent and those that are there; another shape is refused."""
    names = [shape.name for shape in profile.tables]
    absent = {one.subject for one in findings if one.verdict == "fail" and one.subject in names}
    refuse_mismatch([one for one in findings if one.subject not in absent], "the object table")
    missing = [name for name in names if everything or name in absent]
    return [f"table {name}" for name in missing], [
        f"table {name}" for name in names if name not in missing
    ]


def _state(spec: str, profile: Profile, whole: CacheState) -> TargetState:
    """Return the state; whole: with what the target has and lacks beside its cache."""
    body = {"table": spec, "profile": profile.digest, "missing": whole.missing}
    return TargetState(
        table=safe(spec),
        profile=safe(profile.name),
        profile_digest=profile.digest[:8],
        missing=whole.missing,
        found=whole.found,
        cache=whole.label,
        hash=sha256(dumps(body).encode()).hexdigest()[:8],
    )
