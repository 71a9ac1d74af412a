"""The sink of an IPFS target: a bundle's blocks go to all its Kubo nodes at once.

Nothing is pinned here, and nothing a node says is believed but its counts (I1, I2).
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

from core.dag import car
from core.errors import NodeRefusedBlock, VgwmError
from core.model import MIB, Cid
from core.target.kubo_answers import (
    HTTP_OK,
    Answer,
    Counts,
    import_error,
    kubo_error,
    slow,
    unreachable,
)
from core.target.kubo_wire import EPILOGUE, PROLOGUE, ImportWire, NoProgress
from core.target.sink import KuboEndpoint, Piece, SinkReceipt, Throttle, Unthrottled

if TYPE_CHECKING:
    from collections.abc import Sequence

HOLD_BYTES = 16 * MIB
"""A body up to this size is held and sent with its length; a larger one goes out in chunks."""

_PIECE_BYTES = MIB
_FAULTS = (OSError, http.client.HTTPException)


class KuboSink:
    """Sends bundles as root-less CARs by `dag/import`, each piece to all nodes before the next.

    idle_s: longest wait for any progress of a node, in seconds.
    Raises NodeUnreachable, NodeSlow, NodeBusy, CapacityExhausted, Denied, BadInput,
    NodeRefusedBlock; each names its node.
    Source of the protocol: Kubo 0.42 as seen, `docs/target.md`.
    """

    def __init__(self, *, idle_s: float = 60.0, throttle: Throttle | None = None) -> None:
        self._idle_s = idle_s
        self._throttle = throttle or Unthrottled()
        self._wires: dict[KuboEndpoint, ImportWire] = {}
        self._nodes: list[ImportWire] = []
        self._bundle_id = 0
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._flush_at = HOLD_BYTES
        self._streaming = False
        self._sent = 0

    def begin(self, bundle_id: int, tag: str, nodes: Sequence[KuboEndpoint] = ()) -> None:  # noqa: ARG002  # the protocol's names
        """Name the bundle and its nodes; connections are made when there is something to send."""
        self.abort()
        self._bundle_id = bundle_id
        self._nodes = [self._wire(KuboEndpoint(*node)) for node in nodes]
        self._sent = 0

    def put(self, parts: list[bytes], n: int) -> None:
        """Keep the parts; send them once a whole body is more than may be held."""
        self._held += parts
        self._held_bytes += n
        if self._held_bytes >= self._flush_at:
            self._flush()

    def put_now(self, parts: Sequence[Piece], n: int) -> None:
        """Send what is held, then these parts."""
        self._held += parts  # type: ignore[arg-type]  # gone again before this returns
        self._held_bytes += n
        self._flush()

    def segment(self, sections: int, section_bytes: int) -> None:
        """End the request, and compare every node's counts with ours."""
        if not self._streaming and not self._held_bytes:
            return
        if self._streaming:
            self._held.append(EPILOGUE)
            self._held_bytes += len(EPILOGUE)
            self._flush()
            self._send_all(b"0\r\n\r\n")
            self._sent -= len(PROLOGUE) + len(EPILOGUE)  # the form's, not the CAR's
            broken: dict[str, Exception] = {}
            body = b""
        else:
            body = b"".join((PROLOGUE, car.NO_ROOTS, *self._held, EPILOGUE))
            self._sent += self._held_bytes + len(car.NO_ROOTS)
            self._forget_held()
            broken = self._send_whole(body)
        self._judge(Counts(sections, section_bytes), broken, body)
        self._streaming = False
        self._flush_at = HOLD_BYTES

    def finish(
        self,
        root: Cid,  # noqa: ARG002  # the protocol's names
        sections: int,
        section_bytes: int,
        manifest: bytes,  # noqa: ARG002  # it went as blocks
    ) -> SinkReceipt:
        """End the last request; on return every node has counted every block."""
        self.segment(sections, section_bytes)
        return SinkReceipt(self._sent, tuple(wire.name for wire in self._nodes))

    def abort(self) -> None:
        """Drop the open request on every node, and what is held."""
        if self._streaming:
            for wire in self._nodes:
                wire.close()
        self._forget_held()
        self._streaming = False
        self._flush_at = HOLD_BYTES

    def close(self) -> None:
        """Abort, and close every connection."""
        self.abort()
        for wire in self._wires.values():
            wire.close()
        self._wires.clear()

    def _wire(self, endpoint: KuboEndpoint) -> ImportWire:
        wire = self._wires.get(endpoint)
        if wire is None:
            wire = self._wires[endpoint] = ImportWire(endpoint, idle_s=self._idle_s)
        return wire

    def _forget_held(self) -> None:
        self._held = []
        self._held_bytes = 0

    def _flush(self) -> None:
        """Send what is held as one chunk, opening the request first if need be."""
        if not self._streaming:
            self._held[:0] = (PROLOGUE, car.NO_ROOTS)
            self._held_bytes += len(PROLOGUE) + len(car.NO_ROOTS)
            self._flush_at = _PIECE_BYTES
            self._streaming = True
            for wire in self._nodes:
                try:
                    wire.open()
                    wire.head(None)
                except _FAULTS as error:
                    raise self._broke_off(wire, error) from error
        chunk = b"".join((b"%x\r\n" % self._held_bytes, *self._held, b"\r\n"))
        self._sent += self._held_bytes
        self._forget_held()
        self._send_all(chunk)

    def _send_all(self, chunk: bytes) -> None:
        """Send a chunk of an open request to every node."""
        for piece in self._throttle.pieces(chunk, len(self._nodes)):
            for wire in self._nodes:
                try:
                    wire.send(piece)
                except _FAULTS as error:
                    raise self._broke_off(wire, error) from error

    def _send_whole(self, body: bytes) -> dict[str, Exception]:
        """Send a whole body to every node that takes it; return the others' faults."""
        broken: dict[str, Exception] = {}
        self._streaming = True  # until it is answered: an abort closes what is half sent
        for wire in self._nodes:
            try:
                wire.open()
                wire.head(len(body))
            except _FAULTS as error:
                broken[wire.name] = error
        for piece in self._throttle.pieces(body, len(self._nodes) - len(broken)):
            for wire in self._nodes:
                if wire.name not in broken:
                    try:
                        wire.send(piece)
                    except _FAULTS as error:
                        broken[wire.name] = error
        return broken

    def _judge(self, want: Counts, broken: dict[str, Exception], body: bytes) -> None:
        """Read all answers, so that good connections stay usable; then raise the worst fault."""
        faults: list[VgwmError] = []
        for wire in self._nodes:
            try:
                answer = self._answer(wire, broken.get(wire.name), body)
            except _FAULTS as error:
                wire.close()
                faults.append(self._fault_of(wire, error))
            else:
                fault = import_error(answer, want, where=self._where(wire), node=wire.name)
                if fault is not None:
                    faults.append(fault)
        if faults:
            self._streaming = False  # every connection is at rest or closed
            self.abort()
            raise next((f for f in faults if isinstance(f, NodeRefusedBlock)), faults[0])

    def _answer(self, wire: ImportWire, fault: Exception | None, body: bytes) -> Answer:
        """Return a node's answer; once more on a new connection if a kept one had gone stale."""
        if isinstance(fault, TimeoutError):
            raise fault  # what took no byte for so long is not waited for once more
        again = bool(body) and wire.reused
        try:
            # a node that refuses early answers, then closes: its words beat our EPIPE
            return wire.answer()
        except TimeoutError:
            raise
        except _FAULTS as error:
            if not again:
                raise fault or error from error
        wire.close()
        wire.open()
        wire.head(len(body))
        for piece in self._throttle.pieces(body, 1):
            wire.send(piece)
        return wire.answer()

    def _broke_off(self, wire: ImportWire, error: Exception) -> VgwmError:
        """Return why a node stopped taking the body: its own words, if it left any."""
        fault = self._fault_of(wire, error)
        if not isinstance(error, TimeoutError):
            try:
                answer = wire.answer()
            except _FAULTS:
                pass  # it said nothing: the connection's fault is all there is
            else:
                if answer.status != HTTP_OK:
                    fault = kubo_error(answer, where=self._where(wire), node=wire.name)
        self.abort()
        return fault

    def _fault_of(self, wire: ImportWire, error: Exception) -> VgwmError:
        if isinstance(error, NoProgress):
            return slow(error, where=self._where(wire), node=wire.name)
        return unreachable(error, where=self._where(wire), node=wire.name)

    def _where(self, wire: ImportWire) -> str:
        return f"import of bundle {self._bundle_id} on {wire.where}"
