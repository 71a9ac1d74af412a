"""The object table kept, lost and made anew on real servers: the rows are equal every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.engine.keeping import all_rows, change, names
from tests.lab.redis import RedisServer
from tests.lab.vgwm import Vgwm
from tests.real.migrated import PASSWORD, REPLICATION
from tests.real.outside import grow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.process import Keeper
    from tests.lab.stack import Stack

OBJECTS = 80


@pytest.fixture
def redis(keeper: Keeper, tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer("kept", tmp_path)
    made.start(keeper)
    yield made
    keeper.forget(made.server)


@pytest.fixture
def vgwm(stack: Stack, redis: RedisServer, tmp_path: Path) -> Iterator[Vgwm]:
    """A migrated set of bundles of ten."""
    source = grow(tmp_path / "gw", objects=OBJECTS, size_bytes=2_000)
    words = ["--target", "ipfs", "--replication", str(REPLICATION)]
    words += ["--table", f"sqlite:{tmp_path / 'objects.db'}"]
    words += ["--cluster-user", stack.user, "--cluster-password-env", PASSWORD]
    words += ["--cache", redis.endpoint, "--cache-type", "redis"]
    for kubo, cluster in zip(stack.kubo_urls, stack.cluster_urls, strict=True):
        words += ["--kubo", kubo, "--cluster", cluster]
    with Vgwm(tmp_path / "ws", {PASSWORD: stack.password}) as made:
        made.run("init", "--source", f"posix:{source.root}", *words)
        made.run("plan", "--batch-size", "10")
        made.run("copy")
        yield made


def test_a_lost_table_comes_back_from_backup_ledger_manifests_and_pins(
    vgwm: Vgwm, tmp_path: Path
) -> None:
    table, kept = tmp_path / "objects.db", str(tmp_path / "kept.ndjson")
    objects, buckets = all_rows(table), all_rows(table, "versitygw_buckets")
    assert len(objects) == OBJECTS
    assert vgwm.run("metadata", "backup", "--output", kept, "--json").result()["rows"] == OBJECTS
    acts = [("restore", kept), *(("rebuild", "--from", o) for o in ("ledger", "manifests", "pins"))]
    for act in acts:
        change(table, "DROP TABLE versitygw_objects", "DROP TABLE versitygw_buckets")
        shown = vgwm.run("metadata", *act, "--json").result()
        assert shown["present"] is None
        done = vgwm.run("metadata", *act, "--confirm", str(shown["hash"]), "--json").result()
        assert (done["rows"], done["added"]) == (OBJECTS, OBJECTS)
        assert all_rows(table) == objects
        assert all_rows(table, "versitygw_buckets") == buckets
    assert names(table) == ["versitygw_buckets", "versitygw_objects"]
    vgwm.run("copy")  # and the migration goes on with it
    assert all_rows(table) == objects


def test_a_restore_drops_the_cache_keys_of_what_it_changed_and_no_others(
    vgwm: Vgwm, redis: RedisServer, tmp_path: Path
) -> None:
    table, kept = tmp_path / "objects.db", str(tmp_path / "kept.ndjson")
    vgwm.run("metadata", "backup", "--output", kept)
    lost, same = ((str(row[0]), str(row[1])) for row in all_rows(table)[:2])
    for bucket, key in (lost, same):
        redis.ask("set", f"mapping:{bucket}:{key}", "1")
    change(
        table,
        "DELETE FROM versitygw_objects WHERE (bucket, s3_key) IN"
        " (SELECT bucket, s3_key FROM versitygw_objects ORDER BY 1, 2 LIMIT 1)",
    )
    hash_ = str(vgwm.run("metadata", "restore", kept, "--json").result()["hash"])
    done = vgwm.run("metadata", "restore", kept, "--confirm", hash_, "--json").result()
    assert (done["added"], done["keys"]) == (1, 1)
    assert redis.ask("exists", f"mapping:{lost[0]}:{lost[1]}") == "0"
    assert redis.ask("exists", f"mapping:{same[0]}:{same[1]}") == "1"
