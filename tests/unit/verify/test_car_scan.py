"""A CAR read in one go: what is whole, bad or lost; a broken file ends, and says where."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import pytest

from core.dag import car
from core.dag.cid import DAG_PB, RAW
from core.dag.directory import FlatDirectory
from core.dag.profile import CLUSTER_V1, KUBO_V0, UNIXFS_V1_2025, CidProfile
from core.dag.unixfs import FileBuilder, rechunk
from core.model import KIB, MIB, Cid
from core.verify.car_scan import CarScan
from core.verify.contents import Contents, Total
from core.verify.difference import Ill
from core.verify.judging import Seen, judge, judge_all
from core.verify.weave import Weave, directory_of
from tests.fakes.bundles import bundle, contents

if TYPE_CHECKING:
    from core.verify.judging import Fault

SIZES = (0, 1, 90, 100, 4 * KIB, 16 * KIB, 200 * KIB, MIB - 1, MIB)


def content(size_bytes: int, seed: str = "") -> bytes:
    return hashlib.shake_128(f"{seed}{size_bytes}".encode()).digest(size_bytes)


class Car:
    """A bundle of contents, as a file."""

    def __init__(self, bodies: list[bytes], profile: CidProfile = UNIXFS_V1_2025) -> None:
        self.sections: list[tuple[bytes, bytes]] = []
        directory = FlatDirectory()
        nodes = [self._file(body, profile) for body in bodies]
        directory.number([(node[0], node[1]) for node in nodes])
        manifest = self._file(b'{"v":1}\n', UNIXFS_V1_2025)
        directory.add(b"manifest", manifest[0], manifest[1])
        self.root, block, _ = directory.finish()
        self._emit(self.root, block)
        self.members = [(node[0], len(body)) for node, body in zip(nodes, bodies, strict=True)]

    def _file(self, body: bytes, profile: CidProfile) -> tuple[Cid, int]:
        builder = FileBuilder(profile, self._emit)
        for chunk in rechunk([body], profile.chunk_bytes):
            builder.chunk(chunk)
        node = builder.finish()
        return node.cid, node.tsize

    def _emit(self, cid: bytes, block: bytes) -> None:
        if (cid, block) not in self.sections:
            self.sections.append((cid, block))

    def file(self) -> bytes:
        return car.header([self.root]) + b"".join(car.section(c, b) for c, b in self.sections)

    def judged(self, data: bytes | None = None, piece: int = 1 << 30) -> list[Fault]:
        """Return what is found in the file, or in another one in its place."""
        weave = Weave()
        source = Pieces(self.file() if data is None else data, piece)
        cut = CarScan(lambda _n: None).read(source, weave)
        weave.close()
        joined = b"".join(cid for cid, _ in self.members)
        total = Total(len(self.members), sum(size for _, size in self.members), joined)
        told = Contents(self.root, lambda: self.members, total=total)
        return judge_all(told, Seen(weave, "here", cut))


class Pieces(io.BytesIO):
    """Gives so many bytes at a time, as a network does."""

    def __init__(self, data: bytes, piece: int) -> None:
        super().__init__(data)
        self._piece = piece

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override] # a buffer of ours
        return super().readinto(buffer[: self._piece])


@pytest.mark.parametrize("profile", [UNIXFS_V1_2025, CLUSTER_V1, KUBO_V0], ids=lambda p: p.name)
@pytest.mark.parametrize("piece", [1 << 30, 70_001])
def test_what_was_written_is_whole(profile: CidProfile, piece: int) -> None:
    bodies = [content(size) for size in (*SIZES, MIB + 1, 3 * MIB + 7)]
    assert Car(bodies, profile).judged(piece=piece) == []


def test_pieces_of_a_byte_are_as_good() -> None:
    assert Car([content(size) for size in (0, 1, 100, 300)]).judged(piece=1) == []


def test_a_content_that_two_objects_share_is_there_once_and_serves_both() -> None:
    made = Car([content(90), content(91), content(90)])
    assert len(made.sections) == 4
    assert made.judged() == []


def test_parents_may_come_first() -> None:
    made = Car([content(size) for size in (90, 3 * MIB + 7)])
    made.sections.reverse()
    assert made.judged() == []


def test_every_flipped_bit_of_a_content_is_the_fault_of_that_object_alone() -> None:
    made = Car([content(200, str(i)) for i in range(6)])
    data = bytearray(made.file())
    at = data.index(content(200, "3"))
    for bit in range(0, 1_600, 97):
        data[at + bit // 8] ^= 1 << bit % 8
        [fault] = made.judged(bytes(data))
        assert (fault.at, fault.ill, fault.where) == (3, Ill.BAD_BYTES, "here")
        assert fault.wanted != fault.found
        data[at + bit // 8] ^= 1 << bit % 8
    assert made.judged(bytes(data)) == []


def test_no_flipped_bit_anywhere_is_passed_over() -> None:
    made = Car([content(20, str(i)) for i in range(3)])
    data = bytearray(made.file())
    first = len(car.header([made.root]))  # the header's own root is compared by who has the file
    for bit in range(8 * first, 8 * len(data)):
        data[bit // 8] ^= 1 << bit % 8
        assert made.judged(bytes(data)), f"bit {bit} of {8 * len(data)}"
        data[bit // 8] ^= 1 << bit % 8


def test_a_chunk_of_a_large_object_is_named() -> None:
    made = Car([content(90), content(3 * MIB + 7)])
    data = bytearray(made.file())
    second_chunk = content(3 * MIB + 7)[MIB : MIB + 100]
    data[data.index(second_chunk)] ^= 1
    [fault] = made.judged(bytes(data))
    assert (fault.at, fault.ill) == (1, Ill.BAD_BYTES)


def test_a_block_that_is_not_there_is_lost_and_no_other_is() -> None:
    made = Car([content(90, str(i)) for i in range(4)])
    lost = made.members[2][0]
    made.sections = [one for one in made.sections if one[0] != lost]
    [fault] = made.judged()
    assert (fault.at, fault.ill, fault.found) == (2, Ill.LOST_BLOCK, "absent")


def test_a_lost_manifest_is_the_bundles_fault_and_no_objects() -> None:
    made = Car([content(90)])
    del made.sections[1]
    [fault] = made.judged()
    assert (fault.at, fault.ill) == (-1, Ill.NO_MANIFEST)


def test_a_lost_root_is_said() -> None:
    made = Car([content(90)])
    del made.sections[-1]
    [fault] = made.judged()
    assert (fault.at, fault.ill, fault.field) == (-1, Ill.LOST_BLOCK, "root")


def test_a_member_that_no_link_of_the_root_covers_is_lost() -> None:
    made = Car([content(90), content(91)])
    other = (Cid(RAW + hashlib.sha256(b"elsewhere").digest()), 9)
    made.members.append(other)
    made.sections.insert(0, (other[0], b"elsewhere"))
    [fault] = made.judged()
    assert (fault.at, fault.ill, fault.field) == (2, Ill.LOST_BLOCK, "root")


def test_members_that_went_elsewhere_leave_the_others_whole() -> None:
    made = Car([content(90 + i) for i in range(4)])
    del made.members[1]
    assert made.judged() == []


def test_another_size_than_the_ledgers_is_a_fault() -> None:
    made = Car([content(90), content(91)])
    made.members[1] = (made.members[1][0], 92)
    [fault] = made.judged()
    assert (fault.at, fault.ill, fault.wanted, fault.found) == (
        *(1, Ill.WRONG_SIZE),
        *("92 bytes", "91 bytes"),
    )


@pytest.mark.parametrize("cut", [1, 30, 58, 59, 60, 200, 500])
def test_a_file_that_is_cut_off_says_where(cut: int) -> None:
    made = Car([content(90, str(i)) for i in range(4)])
    faults = made.judged(made.file()[:cut])
    assert faults
    if cut > 200:
        assert any("cut off behind byte" in fault.found for fault in faults)


@pytest.mark.parametrize(
    "tail",
    [
        b"\x00",
        b"\x80\x80\x80\x80\x01",
        b"\xff\xff\xff\x7f" + bytes(50),
        b"\x05hello",
        b"\x24" + bytes(36),
    ],
)
def test_a_malformed_section_ends_the_reading_and_loses_what_follows(tail: bytes) -> None:
    small = bundle(contents("malformed", 3))
    weave = Weave()
    data = car.header([small.root]) + small.sections[0] + tail + small.sections[1]
    said = CarScan(lambda _n: None).read(io.BytesIO(data), weave)
    members = [(cid, 100) for cid in small.cids]
    assert said
    assert [fault.at for fault in judge(members, Seen(weave, "", said))] == [1, 2]


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x0anot a car!", b"\xff\xff\xff\xff\xff"])
def test_what_is_no_car_is_said(data: bytes) -> None:
    assert CarScan(lambda _n: None).read(io.BytesIO(data), Weave())


def test_a_root_of_other_shape_is_parsed_field_by_field() -> None:
    directory = FlatDirectory()
    cid = Cid(RAW + hashlib.sha256(b"x").digest())
    directory.add(b"a name of ours it is not", cid, 1)
    _, block, _ = directory.finish()
    told = directory_of(block)
    assert (told.entries, told.manifest) == ([cid], None)


def test_hidden_bytes_between_two_links_are_not_passed_over() -> None:
    directory = FlatDirectory()
    cid = Cid(RAW + hashlib.sha256(b"x").digest())
    directory.number([(cid, 1), (cid, 1)])
    _, block, _ = directory.finish()
    half = block.index(b"\x12", 5)
    weave = Weave()
    broken = block[:half] + b"\x99" + block[half:]
    name = DAG_PB + hashlib.sha256(broken).digest()
    weave.add(name, broken)
    assert name in weave.bad
    assert name not in weave.directories


def test_a_large_object_is_followed_in_bounded_memory() -> None:
    small = CidProfile(name="small", version=1, chunk_bytes=100, raw_leaves=True, max_links=4)
    made = Car([content(100_000)], small)
    weave = Weave(most=20)
    assert not CarScan(lambda _n: None).read(Pieces(made.file(), 300), weave, forgets=True)
    nodes = sum(cid.startswith(DAG_PB) for cid, _ in made.sections)
    assert len(weave.held) < nodes + 30
    assert len(made.sections) > 1_000
    assert judge(made.members, Seen(weave, "here")) == []


@pytest.mark.parametrize("profile", [UNIXFS_V1_2025, KUBO_V0], ids=lambda p: p.name)
@pytest.mark.parametrize("piece", [1 << 30, 70_001])
def test_places_are_where_each_block_lies(profile: CidProfile, piece: int) -> None:
    made = Car([content(size) for size in (*SIZES, 3 * MIB + 7)], profile)
    data = made.file()
    places = CarScan(lambda _n: None).places(Pieces(data, piece))
    assert places is not None
    blocks = {cid: data[at : at + length] for cid, (at, length) in places.items()}
    assert blocks == dict(made.sections)


def test_a_malformed_file_has_no_places() -> None:
    data = Car([content(90), content(91)]).file()
    for broken in (data[:-1], data[:59] + b"\0" + data[60:], b"", data[:59] + b"\x05hello"):
        assert CarScan(lambda _n: None).places(io.BytesIO(broken)) is None


def test_took_hears_of_every_byte() -> None:
    made = Car([content(size) for size in SIZES])
    heard: list[int] = []
    scan = CarScan(heard.append)
    scan.read(io.BytesIO(made.file()), Weave())
    assert sum(heard) == scan.read_bytes == len(made.file())


@pytest.mark.parametrize("piece", [1 << 30, 70_001, 100])
@pytest.mark.parametrize("size", [0, 1, 40 * KIB, 300 * KIB, MIB])
def test_a_copy_is_compared_with_the_manifest_that_was_read_or_hashed(
    size: int, piece: int
) -> None:
    manifest = content(size, "manifest")
    made = bundle([content(90), content(16 * KIB)], manifest)
    data = car.header([made.root]) + b"".join(made.sections)
    cid = Cid(RAW + hashlib.sha256(manifest).digest())
    wrong = [manifest + b"x", manifest[:-1], manifest[:-1] + b"\x00", b"x" + manifest[1:]]
    scan = CarScan(lambda _n: None)
    for copy in [manifest, *wrong, manifest]:
        assert not scan.read(Pieces(data, piece), Weave())
        read_bytes = scan.read_bytes
        assert scan.is_file(Pieces(copy, piece), cid) == (copy == manifest)
        assert scan.read_bytes - read_bytes <= size + 1
        assert scan.is_file(Pieces(copy, piece), cid) == (copy == manifest)  # hashed


def test_what_stands_before_a_root_of_another_car_is_not_compared_with() -> None:
    one, other = bundle([content(90)], b"one"), bundle([content(91)], b"other")
    scan = CarScan(lambda _n: None)
    for made in (one, other):
        data = car.header([made.root]) + b"".join(made.sections)
        assert not scan.read(io.BytesIO(data), Weave())
    assert scan.is_file(io.BytesIO(b"one"), Cid(RAW + hashlib.sha256(b"one").digest()))
    assert not scan.is_file(io.BytesIO(b"one"), Cid(RAW + hashlib.sha256(b"other").digest()))


def test_what_a_later_car_overwrote_is_not_compared_with() -> None:
    made = bundle([content(90)], b"manifest")
    whole = car.header([made.root]) + b"".join(made.sections)
    scan = CarScan(lambda _n: None)
    assert not scan.read(io.BytesIO(whole), Weave())
    without = car.header([made.root]) + car.section(Cid(RAW + bytes(32)), content(300))
    assert not scan.read(io.BytesIO(without), Weave())
    cid = Cid(RAW + hashlib.sha256(b"manifest").digest())
    assert scan.is_file(io.BytesIO(b"manifest"), cid)
