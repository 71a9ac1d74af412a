"""What a Kubo node may do to an import, and what the sink makes of it."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from core.errors import (
    BadInput,
    CapacityExhausted,
    Denied,
    NodeBusy,
    NodeRefusedBlock,
    NodeSlow,
    NodeUnreachable,
    VgwmError,
)
from core.model import MIB
from core.target.kubo_wire import ImportWire, NoProgress
from core.target.sink import KuboEndpoint
from core.target.sink_kubo import KuboSink
from tests.fakes.bundles import bundle, contents
from tests.fakes.http_server import Reply, Request
from tests.fakes.kubo_server import FakeKubo, fails, hangs_up

if TYPE_CHECKING:
    from tests.fakes.ipfs_contract import Site

SMALL = bundle(contents("faults", 5))
LARGE = bundle(contents("faults", 20, MIB))


def refusal(sink: KuboSink, nodes: list[KuboEndpoint]) -> VgwmError:
    with pytest.raises(VgwmError) as told:
        SMALL.send(sink, nodes, number=17)
    return told.value


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ((500, '{"Message":"write x: no space left on device"}'), CapacityExhausted),
        (
            (500, '{"Message":"mismatch in content integrity, expected: a, got: b"}'),
            NodeRefusedBlock,
        ),
        ((500, '{"Message":"protobuf: wrong wireType"}'), NodeRefusedBlock),
        ((500, '{"Message":"invalid section data, length of read beyond"}'), NodeRefusedBlock),
        ((500, '{"Message":"context canceled"}'), NodeUnreachable),
        ((403, "Kubo RPC Access Denied: wrong"), Denied),
        ((404, "404 page not found"), BadInput),
        ((503, "no healthy upstream"), NodeBusy),
    ],
)
def test_a_refusal_has_its_own_error_that_names_node_and_remedy(
    site: Site,
    kubos: list[FakeKubo],
    sink: KuboSink,
    said: tuple[int, str],
    kind: type[VgwmError],
) -> None:
    kubos[1].orders.append(fails(*said))
    error = refusal(sink, site.nodes[:2])
    assert type(error) is kind
    assert error.node == "kubo-2"
    assert error.what.startswith(f"kubo-2 answered {said[0]}: ")
    assert error.where == f"import of bundle 17 on kubo-2 at {kubos[1].url}"
    assert len(error.remedy) > 20


@pytest.mark.parametrize(("asked", "wait_s"), [("7", 7), ("x", 5), ("999999", 300), ("nan", 5)])
def test_a_busy_node_says_how_long(
    site: Site, kubos: list[FakeKubo], sink: KuboSink, asked: str, wait_s: float
) -> None:
    kubos[0].orders.append(fails(429, "slow down", Retry_After=asked))
    error = refusal(sink, site.nodes[:1])
    assert isinstance(error, NodeBusy)
    assert error.wait_s == wait_s


def test_a_fault_of_ours_outranks_a_fault_of_a_node(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    kubos[0].orders.append(hangs_up)
    kubos[1].orders.append(fails(500, "mismatch in content integrity"))
    assert isinstance(refusal(sink, site.nodes[:2]), NodeRefusedBlock)


def test_a_reset_names_the_node_and_the_next_bundle_goes_through(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    kubos[1].orders.append(hangs_up)
    error = refusal(sink, site.nodes[:2])
    assert isinstance(error, NodeUnreachable)
    assert error.node == "kubo-2"
    assert SMALL.send(sink, site.nodes[:2]).nodes == ("kubo-1", "kubo-2")
    # the healthy node's connection was kept through the other's fault
    assert [k.server.connections for k in kubos] == [1, 2, 0]


def test_a_connection_is_kept_between_bundles(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    for small in (SMALL, LARGE, SMALL):
        small.send(sink, site.nodes[:1])
    assert kubos[0].server.connections == 1
    assert [request.chunked for request in kubos[0].imports] == [False, True, False]


def test_a_restarted_node_is_connected_to_anew(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:1])
    kubos[0].server.drop_connections()
    SMALL.send(sink, site.nodes[:1])
    LARGE.send(sink, site.nodes[:1])
    assert len(kubos[0].imports) == 3


def test_a_kept_connection_that_dies_under_a_request_is_tried_once_more(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    SMALL.send(sink, site.nodes[:1])
    kubos[0].orders.append(hangs_up)
    SMALL.send(sink, site.nodes[:1])
    kubos[0].orders.extend([hangs_up, hangs_up])
    assert isinstance(refusal(sink, site.nodes[:1]), NodeUnreachable)
    assert not kubos[0].orders


def test_a_refusal_while_the_body_is_being_sent_is_read_not_guessed(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    kubos[0].early.append(Reply(403, b"Kubo RPC Access Denied"))
    with pytest.raises(VgwmError) as told:
        LARGE.send(sink, site.nodes[:2])
    # the node may close before its words are read: then the connection's end is all we know
    assert isinstance(told.value, Denied | NodeUnreachable)
    assert told.value.node == "kubo-1"
    assert LARGE.send(sink, site.nodes[:2]).nodes == ("kubo-1", "kubo-2")


def test_an_empty_answer_counts_as_nothing(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    kubos[0].orders.append(lambda _request: Reply())
    assert "counted 0 blocks of 0 bytes" in refusal(sink, site.nodes[:1]).what


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"Stats":{"BlockCount":"x"}}', b"\xff"])
def test_an_answer_that_is_not_kubos_is_no_success(
    site: Site, kubos: list[FakeKubo], sink: KuboSink, body: bytes
) -> None:
    kubos[0].orders.append(lambda _request: Reply(200, body))
    assert "answered no counts" in refusal(sink, site.nodes[:1]).what


def test_i9_outside_text_is_made_safe_and_secrets_are_taken_out(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    said = "\x1b[2J\u202e Authorization: Basic dXNlcjpwYXNzd29yZA=="
    kubos[0].orders.append(fails(500, said))
    text = str(refusal(sink, site.nodes[:1]))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "dXNlcjpwYXNzd29yZA" not in text


def test_a_node_that_makes_no_progress_is_given_up(kubos: list[FakeKubo]) -> None:
    del kubos
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        sink = KuboSink(idle_s=0.2)
        try:
            error = refusal(sink, [KuboEndpoint("kubo-1", url)])
        finally:
            sink.close()
    assert isinstance(error, NodeSlow)
    assert "timed out: no progress for 0.2 s" in error.what


def test_a_hung_node_is_not_waited_for_as_long_as_one_at_work() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        wire = ImportWire(KuboEndpoint("kubo-1", url), idle_s=3600, ask_s=0.1, answer_s=0.1)
        wire.open()
        wire.head(0)
        try:
            with pytest.raises(NoProgress, match=r"no progress for 0\.1 s, nor an answer"):
                wire.answer()
        finally:
            wire.close()


def test_a_node_that_is_long_at_work_is_waited_for_while_it_answers_a_question(
    kubos: list[FakeKubo],
) -> None:
    asked = threading.Semaphore(0)
    kubo = kubos[0]
    kubo.asked = asked.release

    def after_three_questions(_request: Request) -> Reply:
        for _ in range(3):
            assert asked.acquire(timeout=20)
        return Reply(200, b"done")

    kubo.orders.append(after_three_questions)
    wire = ImportWire(KuboEndpoint("kubo-1", kubo.url), idle_s=3600, ask_s=0.05)
    wire.open()
    try:
        wire.head(0)
        assert wire.answer().body == b"done"
    finally:
        wire.close()


def test_a_node_that_is_not_there_is_unreachable(sink: KuboSink) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    error = refusal(sink, [KuboEndpoint("kubo-9", f"http://127.0.0.1:{port}")])
    assert isinstance(error, NodeUnreachable)
    assert "Connection refused" in error.what


@pytest.mark.parametrize("url", ["http://u:hush@h:5001", "ftp://h", "h:5001", "", "http://"])
def test_i9_an_address_with_credentials_or_of_no_http_is_refused(sink: KuboSink, url: str) -> None:
    with pytest.raises(BadInput, match="no Kubo RPC address") as told:
        sink.begin(1, "1-1", [KuboEndpoint("kubo-1", url)])
    assert "hush" not in str(told.value)


def test_an_aborted_bundle_leaves_nothing_behind_for_the_next(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    for part in (SMALL.sections[:2], LARGE.sections[:18]):
        sink.begin(3, "1-1", site.nodes[:1])
        SMALL.put(sink, part)
        sink.abort()
    SMALL.send(sink, site.nodes[:1])
    assert len(kubos[0].imports) == 1


def test_begin_again_forgets_what_was_put(
    site: Site, kubos: list[FakeKubo], sink: KuboSink
) -> None:
    sink.begin(3, "1-1", site.nodes[:1])
    SMALL.put(sink, LARGE.sections[:3])
    SMALL.send(sink, site.nodes[:1])
    assert len(kubos[0].imports) == 1
