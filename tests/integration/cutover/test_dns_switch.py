"""DNS as a step by hand: said, waited for, checked; and neither side's mode meanwhile (I7)."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from core.config.schema import Traffic
from core.cutover.dns_switch import Seen, addresses, keep, looked, read, side_of
from core.cutover.fleet import Fleet, Outcome, Way
from core.cutover.hook import HookBalancer
from core.cutover.mode import Mode, Side
from core.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "s3.example.org"
BLUE, GREEN = "192.0.2.1", "192.0.2.2"
RUN: Final = "9f2c1a7e-5"
TO_GREEN: Final = Way(writer=Side.GREEN, held=frozenset({Side.BLUE}))
ASKED: Final = """
import sys
from pathlib import Path
from core.cutover import dns_switch
file = Path(sys.argv.pop(1))
dns_switch.resolve = lambda name: dns_switch.addresses(file.read_text().split())
sys.exit(dns_switch.main())
"""
"""The program with a file in the place of name servers."""


class Name:
    """A name that a test changes as a person would."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "zone"
        self.state = folder / "seen.json"
        self.be(BLUE)

    def be(self, *found: str) -> None:
        self.file.write_text(" ".join(found))

    def hook(self, ttl_s: float) -> HookBalancer:
        words = (sys.executable, "-c", ASKED, str(self.file), "--name", NAME, "--blue", BLUE)
        more = ("--green", GREEN, "--ttl", str(ttl_s), "--state", str(self.state))
        return HookBalancer(Traffic(command=(*words, *more), modes=("blue", "green")))

    def fleet(self, ttl_s: float) -> Fleet:
        return Fleet([self.hook(ttl_s)])


@pytest.fixture
def name(tmp_path: Path) -> Name:
    return Name(tmp_path)


async def test_a_step_is_said_until_it_is_done_and_counts_once_caches_are_over(name: Name) -> None:
    assert (await name.fleet(3_600).read(())).mode is Mode.BLUE
    said = await name.fleet(3_600).reach((), Mode.GREEN, RUN, TO_GREEN)
    assert said.outcome is Outcome.UNSETTLED
    assert f"let {NAME} be {GREEN} alone" in said.why
    name.be(GREEN)
    waits = await name.fleet(3_600).reach((), Mode.GREEN, RUN, TO_GREEN)
    assert waits.outcome is Outcome.UNSETTLED
    assert "caches may have the former until" in waits.why
    over = await name.fleet(0).reach((), Mode.GREEN, RUN, TO_GREEN)
    assert over.outcome is Outcome.REACHED


async def test_i7_a_name_at_both_sides_or_at_a_third_place_is_unknown(name: Name) -> None:
    for found in ((BLUE, GREEN), ("192.0.2.9",)):
        name.be(*found)
        told = await name.hook(0).get(())
        assert told.mode is None
        assert "neither at blue nor at green" in told.why


async def test_a_slice_has_no_name_of_its_own(name: Name) -> None:
    with pytest.raises(Refused, match=r"leave cutover\.slices out"):
        await name.hook(0).set(("photos",), Mode.BLUE, RUN)


async def test_a_name_is_asked_for_as_every_program_of_this_host_does(tmp_path: Path) -> None:
    words = (sys.executable, "-m", "core.cutover.dns_switch", "--name", "127.0.0.1")
    more = ("--blue", "127.0.0.1", "--green", GREEN, "--ttl", "60", "--state")
    command = (*words, *more, str(tmp_path / "seen"))
    traffic = Traffic(command=command, modes=("blue", "green"))
    assert (await HookBalancer(traffic).get(())).mode is Mode.BLUE


def test_since_when_a_name_is_somewhere_is_kept_and_begins_anew_with_each_change(
    tmp_path: Path,
) -> None:
    now_s = time.time()
    first = looked("blue", None, now_s)
    assert first == Seen("blue", 0.0)
    assert looked("blue", first, now_s) == first
    moved = looked("green", first, now_s)
    assert moved == Seen("green", now_s)
    assert looked("green", looked("", moved, now_s + 1), now_s + 2) == Seen("green", now_s + 2)
    keep(tmp_path / "seen", moved)
    assert read(tmp_path / "seen") == moved
    assert read(tmp_path / "other") is None


def test_addresses_are_equal_however_they_are_written() -> None:
    both = {"blue": addresses(["2001:db8::1", BLUE]), "green": addresses([GREEN])}
    assert side_of(addresses([BLUE, "2001:0db8:0:0::1"]), both) == "blue"
    assert side_of(addresses([BLUE]), both) == ""
