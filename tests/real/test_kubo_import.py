"""CIDs and imports against real Kubo: the same CIDs for the same bytes, and nodes that die."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from core.dag import car
from core.dag.cid import text
from core.dag.profile import CLUSTER_V1, KUBO_V0, UNIXFS_V1_2025, CidProfile
from core.dag.unixfs import FileBuilder, rechunk
from core.errors import NodeUnreachable
from core.model import KIB, MIB, Cid
from core.target.control_http import Login
from core.target.sink_kubo import KuboSink
from tests.fakes.bundles import bundle, contents
from tests.fakes.ipfs_contract import Site, sink  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.stack import Stack
    from tests.lab.tools import Tools

SIZES = {
    "empty": 0,
    "tiny": 11,
    "one leaf of 256 KiB": 256 * KIB,
    "one byte more": 256 * KIB + 1,
    "one leaf of 1 MiB": MIB,
    "one byte more than that": MIB + 1,
    "many leaves": 7 * MIB + 12_345,
    "three levels at 174 links": 175 * 256 * KIB,
}
V1_2025 = "--cid-version=1 --raw-leaves --chunker=size-1048576 --max-file-links=1024"
OPTIONS = {
    UNIXFS_V1_2025: V1_2025.split(),
    CLUSTER_V1: ["--cid-version=1", "--chunker=size-262144", "--max-file-links=174"],
    KUBO_V0: ["--cid-version=0", "--chunker=size-262144", "--max-file-links=174"],
}


@pytest.fixture
def site(stack: Stack) -> Site:
    return Site(stack.kubo_urls, stack.cluster_urls, Login(stack.user, stack.password))


def only_hash(tools: Tools, stack: Stack, path: Path, options: list[str]) -> str:
    repo = {"IPFS_PATH": str(stack.kubos[0].repo), "HOME": str(path.parent)}
    command = [tools.path("ipfs"), "add", "--only-hash", "--quieter", *options, str(path)]
    done = subprocess.run(command, env=repo, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the laboratory's program
    return done.stdout.strip()


@pytest.mark.parametrize("profile", OPTIONS, ids=lambda profile: profile.name)
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_i2_a_cid_is_what_kubo_gives_the_same_bytes(
    stack: Stack, tools: Tools, tmp_path: Path, profile: CidProfile, size: int
) -> None:
    (content,) = contents(f"cid {size}", 1, size)
    path = tmp_path / "content"
    path.write_bytes(content)
    builder = FileBuilder(profile, lambda _cid, _block: None)
    for chunk in rechunk([content], profile.chunk_bytes):
        builder.chunk(chunk)
    assert text(builder.finish().cid) == only_hash(tools, stack, path, OPTIONS[profile])


def test_i2_kubo_reads_back_what_was_built_and_sent(
    stack: Stack,
    site: Site,
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    (content,) = contents("large object", 1, 5 * MIB + 99)
    sections: list[bytes] = []
    sizes: list[int] = []

    def emit(cid: Cid, block: bytes) -> None:
        sections.append(car.section(cid, block))
        sizes.append(len(block))

    builder = FileBuilder(UNIXFS_V1_2025, emit)
    for chunk in rechunk([content], MIB):
        builder.chunk(chunk)
    root = builder.finish().cid
    sink.begin(1, "1-1", site.nodes[:2])
    for section in sections:
        sink.put([section], len(section))
    sink.finish(root, len(sections), sum(sizes), b"")
    for kubo in stack.kubos[:2]:
        assert kubo.cat(text(root)) == content


def test_a_dead_node_is_named_and_the_bundle_goes_through_after_its_return(
    stack: Stack,
    site: Site,
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    small = bundle(contents("dead node", 20))
    small.send(sink, site.nodes[:2])
    stack.kubos[1].server.kill()
    again = bundle(contents("dead node again", 20))
    with pytest.raises(NodeUnreachable) as told:
        again.send(sink, site.nodes[:2])
    assert told.value.node == "kubo-2"
    stack.kubos[1].restart()
    assert again.send(sink, site.nodes[:2]).nodes == ("kubo-1", "kubo-2")
    stack.wait_allocating()


def test_a_node_killed_under_a_body_is_named_and_the_same_blocks_count_again(
    stack: Stack,
    site: Site,
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    large = bundle(contents("killed under it", 24, MIB))
    sink.begin(1, "1-1", site.nodes[:2])
    large.put(sink, large.sections[:20])
    stack.kubos[0].server.kill()
    rest = large.sections[20:] * 40  # the kernel's buffers take some of it still
    with pytest.raises(NodeUnreachable) as told:
        large.put(sink, rest)
    assert told.value.node == "kubo-1"
    stack.kubos[0].restart()
    assert large.send(sink, site.nodes[:2]).nodes == ("kubo-1", "kubo-2")
    stack.wait_allocating()


def test_a_hung_node_is_given_up_after_its_time(stack: Stack, site: Site) -> None:
    small = bundle(contents("hung", 5))
    quick = KuboSink(idle_s=1)
    stack.kubos[2].server.stop()
    try:
        with pytest.raises(NodeUnreachable, match="timed out") as told:
            small.send(quick, site.nodes[1:])
        assert told.value.node == "kubo-3"
        stack.kubos[2].server.cont()
        assert small.send(quick, site.nodes[1:]).nodes == ("kubo-2", "kubo-3")
    finally:
        quick.close()


def test_a_restarted_node_is_connected_to_anew_without_an_error(
    stack: Stack,
    site: Site,
    sink: KuboSink,  # noqa: F811 - the fixture
) -> None:
    bundle(contents("before", 5)).send(sink, site.nodes[:1])
    stack.kubos[0].restart()
    bundle(contents("after", 5)).send(sink, site.nodes[:1])
    stack.wait_allocating()
