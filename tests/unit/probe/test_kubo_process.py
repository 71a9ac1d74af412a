"""Whether a Kubo collects garbage, as far as process arguments tell."""

from __future__ import annotations

from unittest.mock import Mock, patch

from core.probe.kubo_process import Daemon, ProcessTable, collects, judge
from core.verdict import Verdict

PLAIN = ("ipfs", "daemon")
COLLECTS = ("ipfs", "daemon", "--migrate", "--enable-gc")


def daemon(arguments: tuple[str, ...], *ports: int) -> Daemon:
    return Daemon(arguments, frozenset(ports))


def test_the_daemon_at_the_port_is_judged_and_not_its_neighbours() -> None:
    both = [daemon(PLAIN, 5001), daemon(COLLECTS, 5002)]
    assert judge(both, 5001).verdict is Verdict.PASS
    assert judge(both, 5002).verdict is Verdict.FAIL
    assert judge(both, 5003).verdict is Verdict.UNKNOWN


def test_daemons_whose_ports_are_hidden_are_judged_together() -> None:
    assert judge([daemon(PLAIN), daemon(PLAIN)], 5001).verdict is Verdict.PASS
    assert judge([daemon(COLLECTS)], 5001).verdict is Verdict.FAIL
    assert judge([daemon(PLAIN), daemon(COLLECTS)], 5001).verdict is Verdict.UNKNOWN


def test_the_flag_is_known_in_its_spellings() -> None:
    assert daemon(("ipfs", "daemon", "--enable-gc=true")).collects
    assert not daemon(("ipfs", "daemon", "--enable-gc=false")).collects


def test_i7_a_kubo_elsewhere_is_unknown() -> None:
    found = collects("192.0.2.1", 5001, ProcessTable())
    assert (found.verdict, found.evidence) == (
        Verdict.UNKNOWN,
        "it runs on another host, and no API tells",
    )


def test_the_processes_are_read_once_for_all_nodes() -> None:
    read = Mock(return_value=[Daemon(("ipfs", "daemon"), frozenset({5001, 5002}))])
    with patch("core.probe.kubo_process.daemons", read):
        table = ProcessTable()
        verdicts = [collects("127.0.0.1", port, table).verdict for port in (5001, 5002)]
    assert verdicts == [Verdict.PASS] * 2
    assert read.call_count == 1
