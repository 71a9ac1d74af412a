"""Kill -9 of engine, worker or both at seeded moments of copies to real servers, then resume."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.dag import cid as cids
from core.model import Cid
from tests.faults.crash_ground import make_tree, wait_until_quiet
from tests.faults.crash_stack import KINDS, PASSWORD, REPLICATION, Killed, Lane, workspace_id
from tests.faults.crash_state import state_of
from tests.faults.seeded import fault_seed
from tests.lab.target import Fetcher

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.crash_state import Place
    from tests.lab.stack import Stack

pytestmark = pytest.mark.timeout(400)
MOMENTS = 32
LANES = 4
SAMPLE = 20
"""Every so many objects are read back from both of their nodes."""

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder is made there
    made = Path(tempfile.mkdtemp(prefix="vgwm-stack-", dir=shm))
    yield made
    shutil.rmtree(made)


def test_i5_i1_kills_at_seeded_moments_end_as_if_nothing_had_been(
    stack: Stack, folder: Path
) -> None:
    seed = fault_seed()
    made = [make_tree(folder / str(n) / "gw", seed * 100 + n) for n in range(MOMENTS)]
    wait_until_quiet(made[-1][0])
    killed = _lanes(stack, folder, seed)
    by = Counter(" ".join(w for w in one.moment.split() if not w.isdigit()) for one in killed)
    print(f"{len(killed)} kills, {sum(one.resumed for one in killed)} resumed by a new engine:")  # noqa: T201 - pytest shows it
    print(dict(sorted(by.items())))  # noqa: T201 - as above
    assert sorted(one.number for one in killed) == list(range(MOMENTS))
    assert {kind for kind in KINDS for name in by if name.startswith(kind)} == set(KINDS)
    read = sum(_proved(stack, folder, number, made[number][1]) for number in range(MOMENTS))
    print(f"{read} objects read back from each of {REPLICATION} nodes")  # noqa: T201 - as above


def _lanes(stack: Stack, folder: Path, seed: int) -> list[Killed]:
    running = []
    for lane in range(LANES):
        spec = folder / f"lane{lane}.json"
        numbers = list(range(lane, MOMENTS, LANES))
        urls = (stack.kubo_urls, stack.cluster_urls)
        spec.write_text(json.dumps(asdict(Lane(str(folder), seed, numbers, *urls, stack.user))))
        running.append(
            subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "tests.faults.crash_stack", str(spec)],
                cwd=ROOT,
                env={**os.environ, PASSWORD: stack.password},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    ended = [(one.communicate(), one.returncode) for one in running]
    for (_, err), code in ended:
        assert code == 0, err[-4_000:]
    return [Killed(**json.loads(line)) for (out, _), _ in ended for line in out.splitlines()]


def _proved(stack: Stack, folder: Path, number: int, bodies: dict[Place, bytes]) -> int:
    """Hold the pins against the ledger, and a sample of bytes against the source."""
    state = state_of(folder / f"{number}/ipfs/ws/ledger.db", folder / f"{number}/objects.db")
    recorded = {cids.text(Cid(root)): held for root, held in state.held.items()}
    peer, prefix = stack.peers[0], f"vgwm-{workspace_id(number)}-"
    names = peer.names()
    pins = {r: p for r, p in peer.allocations().items() if names[r].startswith(prefix)}
    assert pins.keys() == recorded.keys()
    read = 0
    for root, peers in pins.items():
        assert len(set(peers)) == REPLICATION
        for peer_id in peers:
            assert stack.peer(peer_id).status(root) == "pinned"
            with Fetcher(stack.peer(peer_id).kubo) as fetcher:
                for place, cid in sorted(recorded[root].items())[::SAMPLE]:
                    wanted = hashlib.sha256(bodies[place]).hexdigest()
                    assert fetcher.sha256(cids.text(cid)) == wanted, place
                    read += 1
    return read // REPLICATION
