"""`vgwm health` and `vgwm check`: a line per answer, exit codes, JSON; nothing to ask is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from core.cli.check import check
from core.cli.health import COMPONENTS, lines
from core.control.probes import GROUPS, Tally, rows, seconds
from core.control.probes import check as check_questions
from core.control.wire.probes import ProbeRow
from core.errors import BadInput
from core.verdict import Verdict
from tests.integration.cli.shell import vgwm

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2-of-the-cluster"  # noqa: S105 - planted, to be looked for


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """A workspace whose servers are not there."""
    folder = tmp_path / "dead"
    folder.mkdir(mode=0o700)
    (tmp_path / "gw").mkdir(exist_ok=True)
    (folder / "vgwm.yaml").write_text(
        f'v: 1\nid: "9f2c1a7e"\nsource: {{type: posix, path: {tmp_path}/gw}}\n'
        'target: {type: ipfs, kubo: ["http://127.0.0.1:1"], cluster: ["http://127.0.0.1:2"], '
        f'cluster_user: u, cluster_password_ref: "env:PW", table: "sqlite:{folder}/t.db"}}\n'
    )
    return folder


async def test_i7_servers_that_are_not_there_are_unknown_and_closed_ports_fail(
    dead: Path, tmp_path: Path
) -> None:
    ran = await vgwm("health", "-w", str(dead), home=tmp_path, env={"PW": SECRET})
    assert ran.code == 1
    assert "? unknown kubo     kubo      kubo-1 http://127.0.0.1:1" in ran.out
    assert "x fail    network  tcp       cluster-1 127.0.0.1:2  connection refused" in ran.out
    assert "    do: " in ran.out
    assert SECRET not in ran.out + ran.err


async def test_a_password_that_is_not_known_here_is_unknown_and_named(dead: Path) -> None:
    found = [row async for row in rows(check_questions(dead, "cluster"), Tally())]
    peer = next(row for row in found if row.check == "peer")
    assert (peer.state, peer.evidence) == (
        "unknown",
        "a secret is missing: it is not set, or empty",
    )
    assert "Export that variable" in peer.remedy
    assert "vgwm engine stop" in peer.remedy, "a running engine never sees what is exported later"


async def test_only_unknown_ends_with_four_and_json_has_an_object_an_answer(
    dead: Path, tmp_path: Path
) -> None:
    ran = await vgwm("health", "kubo", "-w", str(dead), "--json", home=tmp_path)
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 4
    assert {row["check"] for row in found} == {"kubo", "repo", "gc", "rpc", "peering", "provide"}
    assert all(row["state"] == "unknown" and row["age_s"] < 60 for row in found)
    assert ran.err == ""


async def test_a_folder_as_a_target_has_no_nodes_to_ask(ws: Path, tmp_path: Path) -> None:
    ran = await vgwm("check", "cluster", "-w", str(ws), home=tmp_path)
    assert ran.code == 2
    assert "the workspace names no cluster" in ran.err


@pytest.mark.parametrize("time", ["10", "0s", "601s", "fast"])
def test_a_time_without_a_unit_or_out_of_bounds_is_refused(time: str) -> None:
    with pytest.raises(BadInput):
        seconds(time)


def test_every_component_that_a_command_names_is_a_group() -> None:
    assert set(COMPONENTS) <= GROUPS.keys()
    assert set(check.commands) <= GROUPS.keys()


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        ([Verdict.PASS, Verdict.WARN], 0),
        ([Verdict.PASS, Verdict.UNKNOWN], 4),
        ([Verdict.UNKNOWN, Verdict.FAIL], 1),
    ],
)
def test_a_fail_outweighs_unknown_and_a_warning_passes(verdicts: list[Verdict], code: int) -> None:
    tally = Tally()
    tally.of.update(verdicts)
    assert tally.exit_code == code


def test_a_line_says_state_by_glyph_and_word_and_the_remedy_below() -> None:
    row = ProbeRow(
        component="kubo",
        check="repo",
        endpoint="kubo-1 http://k:5001",
        state="warn",
        evidence="9 of 10 GB",
        remedy="Raise it.",
        measured_ns=0,
        age_s=0.0,
        took_s=0.0,
    )
    assert lines(row) == [
        "! warn    kubo     repo      kubo-1 http://k:5001  9 of 10 GB  (0.0 s ago)",
        "    do: Raise it.",
    ]


def test_nothing_to_ask_names_only_what_every_command_takes(tmp_path: Path) -> None:
    """`health` knows no cluster and `check` no ipfs: to name one would lead to another error."""
    (tmp_path / "vgwm.yaml").write_text(
        'v: 1\nid: "9f2c1a7e"\nsource: {type: posix, path: /gw}\ntarget: {type: dir, path: /out}\n'
    )
    with pytest.raises(BadInput, match="names no cache") as refused:
        check_questions(tmp_path, "cache")
    assert refused.value.remedy == "Name it in vgwm.yaml, or ask for all."
