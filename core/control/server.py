"""The API as an ASGI application, over whatever desk answers it.

`build_app(desk)` is the whole of `/v1`; `core.control.serve` puts it on a socket.
An error leaves as {"error": ErrorBody}, its HTTP status from its exit code.
"""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core import display
from core.control import metrics
from core.control.desk import VERBS
from core.control.refusal import error_body
from core.control.wire import checks as wire_checks
from core.control.wire import cutover as wire_cutover
from core.control.wire import failures as wire_failures
from core.control.wire import keeping as wire_keeping
from core.control.wire import metadata as wire_metadata
from core.control.wire import rollback as wire_rollback
from core.control.wire import state as wire
from core.control.wire import verify as wire_verify
from core.errors import BadInput, NoAnswer, VgwmError

if TYPE_CHECKING:
    from starlette.requests import Request

    from core.control.desk import Desk

_log = logging.getLogger(__name__)

MOST_EVENTS = 1_000
MOST_FAILURES = 500
MOST_PROOFS = 100
_LARGEST_BODY = 1 << 20
_LARGEST_LIST = 256 << 20  # 200,000 names of 1,024 bytes
_MOST_DIGITS = 18  # fits SQLite's 63 bits

# By exit code: guide.md 2.1 on the left, what HTTP calls it on the right.
_STATUS = {2: 400, 3: 409, 4: 503, 5: 412, 6: 403, 7: 500}

_T = TypeVar("_T", bound=wire.Wire)


class Api:
    """The handlers of `/v1`, one method an endpoint."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """Return every endpoint."""
        return [
            Route("/v1/snapshot", self.snapshot),
            Route("/v1/events", self.events),
            Route("/v1/failures", self.failures),
            Route("/v1/failures/causes", self.failure_causes),
            Route("/v1/failures/bundles", self.failure_bundles),
            Route("/v1/plans", self.make_plan, methods=["POST"]),
            Route("/v1/plans/{plan:int}", self.act_plan),
            Route("/v1/bundles", self.bundles),
            Route("/v1/plan", self.plan),
            Route("/v1/checks", self.checks),
            Route("/v1/proof", self.proof),
            Route("/v1/proofs", self.proofs),
            Route("/v1/views/{list}", self.view),
            Route("/v1/sync", self.sync),
            Route("/v1/cutover", self.cutover),
            Route("/v1/rollback", self.rollback),
            Route("/v1/rollback/names", self.names),
            Route("/v1/cluster", self.cluster),
            Route("/v1/cutovers", self.make_cutover, methods=["POST"]),
            Route("/v1/cutovers/{plan:int}", self.cutover_plan),
            Route("/v1/acks/{check}", self.acknowledge, methods=["PUT"]),
            Route("/v1/notes/{item}", self.note, methods=["PUT"]),
            Route("/v1/repairs", self.make_repair, methods=["POST"]),
            Route("/v1/repairs/{plan:int}", self.repair),
            Route("/v1/keepings", self.make_keeping, methods=["POST"]),
            Route("/v1/keepings/{plan:int}", self.keeping),
            Route("/v1/jobs", self.start_job, methods=["POST"]),
            Route("/v1/jobs/{job:int}/{verb}", self.act, methods=["POST"]),
            Route("/v1/knobs", self.set_knobs, methods=["PATCH"]),
            Route("/v1/lease", self.take_lease, methods=["PUT"]),
            Route("/v1/engine/stop", self.stop, methods=["POST"]),
            Route("/metrics", self.metrics),
        ]

    async def snapshot(self, request: Request) -> Response:
        """`GET /v1/snapshot`."""
        actor = request.headers.get(wire.ACTOR_HEADER)
        if actor is not None:
            self._desk.hear(unquote(actor))
        return _answer(await self._desk.snapshot())

    async def events(self, request: Request) -> Response:
        """`GET /v1/events?since=N&limit=L`."""
        limit = min(_number(request, "limit", MOST_EVENTS), MOST_EVENTS)
        return _answer(await self._desk.events(_number(request, "since", 0), limit))

    async def failures(self, request: Request) -> Response:
        """`GET /v1/failures`: by `at`, `after` or `before`, kept to class, phase and the like."""
        asked = request.query_params
        query = wire_failures.FailureQuery(
            limit=max(1, min(_number(request, "limit", MOST_FAILURES), MOST_FAILURES)),
            at=_number(request, "at", 0) if "at" in asked else None,
            after=asked.get("after", ""),
            before=asked.get("before", ""),
            code=asked.get("class", ""),
            phase=asked.get("phase", ""),
            disposition=asked.get("disposition", ""),
            prefix=asked.get("prefix", ""),
            bundle=_number(request, "bundle", 0) if "bundle" in asked else None,
        )
        return _answer(await self._desk.failures(query))

    async def failure_causes(self, request: Request) -> Response:
        """`GET /v1/failures/causes?disposition=D`."""
        disposition = request.query_params.get("disposition", "")
        return _answer(await self._desk.failure_causes(disposition))

    async def failure_bundles(self, request: Request) -> Response:
        """`GET /v1/failures/bundles?at=ROW&limit=L`."""
        limit = max(1, min(_number(request, "limit", MOST_FAILURES), MOST_FAILURES))
        return _answer(await self._desk.failure_bundles(_number(request, "at", 0), limit))

    async def bundles(self, request: Request) -> Response:
        """`GET /v1/bundles?since=N&limit=L`."""
        limit = min(_number(request, "limit", MOST_EVENTS), MOST_EVENTS)
        return _answer(await self._desk.bundles(_number(request, "since", 0), limit))

    async def plan(self, _request: Request) -> Response:
        """`GET /v1/plan`."""
        return _answer(await self._desk.plan())

    async def checks(self, _request: Request) -> Response:
        """`GET /v1/checks`."""
        return _answer(await self._desk.checks())

    async def proof(self, request: Request) -> Response:
        """`GET /v1/proof?job=N`."""
        job = _number(request, "job", 0) if "job" in request.query_params else None
        return _answer(await self._desk.proof(job))

    async def proofs(self, request: Request) -> Response:
        """`GET /v1/proofs?limit=L`."""
        limit = max(1, min(_number(request, "limit", MOST_PROOFS), MOST_PROOFS))
        return _answer(await self._desk.proofs(limit))

    async def sync(self, _request: Request) -> Response:
        """`GET /v1/sync`."""
        return _answer(await self._desk.sync())

    async def cutover(self, request: Request) -> Response:
        """`GET /v1/cutover?slice=NAME`."""
        return _answer(await self._desk.cutover(request.query_params.get("slice", "")))

    async def rollback(self, request: Request) -> Response:
        """`GET /v1/rollback?slice=NAME&way=WAY&origin=DIR&to=DIR`."""
        asked = request.query_params
        query = wire_rollback.RollbackQuery(
            slice=asked.get("slice", ""),
            way=asked.get("way", "quick"),
            origin=asked.get("origin", ""),
            to=asked.get("to", ""),
        )
        return _answer(await self._desk.rollback(query))

    async def names(self, request: Request) -> Response:
        """`GET /v1/rollback/names?slice=NAME&what=W&at=N&after=CURSOR&limit=L`."""
        asked = request.query_params
        query = wire_rollback.NamesQuery(
            slice=asked.get("slice", ""),
            what=asked.get("what", "at-risk"),
            at=_number(request, "at", 0),
            after=asked.get("after", ""),
            limit=max(1, min(_number(request, "limit", MOST_FAILURES), MOST_FAILURES)),
        )
        return _answer(await self._desk.names(query))

    async def cluster(self, _request: Request) -> Response:
        """`GET /v1/cluster`."""
        return _answer(await self._desk.cluster())

    async def make_cutover(self, request: Request) -> Response:
        """`POST /v1/cutovers`."""
        asked = await _body(request, wire_cutover.CutoverRequest)
        return _answer(await self._desk.make_cutover(asked))

    async def cutover_plan(self, request: Request) -> Response:
        """`GET /v1/cutovers/N`."""
        return _answer(await self._desk.cutover_plan(request.path_params["plan"]))

    async def view(self, request: Request) -> Response:
        """`GET /v1/views/LIST?at=N&limit=L&kind=K&bucket=B&job=J`."""
        asked = request.query_params
        query = wire_verify.ViewQuery(
            name=request.path_params["list"],
            at=_number(request, "at", 0),
            limit=max(1, min(_number(request, "limit", MOST_FAILURES), MOST_FAILURES)),
            kind=asked.get("kind", ""),
            bucket=asked.get("bucket", ""),
            job=_number(request, "job", 0) if "job" in asked else None,
        )
        return _answer(await self._desk.view(query))

    async def acknowledge(self, request: Request) -> Response:
        """`PUT /v1/acks/ID`."""
        asked = await _body(request, wire_checks.AckRequest)
        await self._desk.acknowledge(request.path_params["check"], asked)
        return _answer(wire.Done())

    async def note(self, request: Request) -> Response:
        """`PUT /v1/notes/ITEM`."""
        asked = await _body(request, wire_checks.NoteRequest)
        await self._desk.note(request.path_params["item"], asked)
        return _answer(wire.Done())

    async def make_plan(self, request: Request) -> Response:
        """`POST /v1/plans`."""
        asked = await _body(request, wire_failures.PlanRequest, most=_LARGEST_LIST)
        return _answer(await self._desk.make_plan(asked))

    async def act_plan(self, request: Request) -> Response:
        """`GET /v1/plans/N`."""
        return _answer(await self._desk.act_plan(request.path_params["plan"]))

    async def make_repair(self, request: Request) -> Response:
        """`POST /v1/repairs`."""
        asked = await _body(request, wire_metadata.RepairRequest)
        return _answer(await self._desk.make_repair(asked))

    async def repair(self, request: Request) -> Response:
        """`GET /v1/repairs/N`."""
        return _answer(await self._desk.repair(request.path_params["plan"]))

    async def make_keeping(self, request: Request) -> Response:
        """`POST /v1/keepings`."""
        asked = await _body(request, wire_keeping.KeepingRequest)
        return _answer(await self._desk.make_keeping(asked))

    async def keeping(self, request: Request) -> Response:
        """`GET /v1/keepings/N`."""
        return _answer(await self._desk.keeping(request.path_params["plan"]))

    async def start_job(self, request: Request) -> Response:
        """`POST /v1/jobs`."""
        asked = await _body(request, wire.JobRequest)
        return _answer(wire.JobMade(id=await self._desk.start_job(asked)))

    async def act(self, request: Request) -> Response:
        """`POST /v1/jobs/N/{pause,resume,cancel}`."""
        asked = await _body(request, wire.Act)
        word = request.path_params["verb"]
        verb = next((known for known in VERBS if known == word), None)
        if verb is None:
            raise BadInput(
                what=f"a job cannot {display.safe(word)}",
                where=request.url.path,
                remedy=f"It can: {', '.join(VERBS)}.",
            )
        await self._desk.act(request.path_params["job"], verb, asked)
        return _answer(wire.Done())

    async def set_knobs(self, request: Request) -> Response:
        """`PATCH /v1/knobs`."""
        await self._desk.set_knobs(await _body(request, wire.KnobRequest))
        return _answer(wire.Done())

    async def take_lease(self, request: Request) -> Response:
        """`PUT /v1/lease`."""
        return _answer(await self._desk.take_lease(await _body(request, wire.Command)))

    async def stop(self, request: Request) -> Response:
        """`POST /v1/engine/stop`."""
        await self._desk.stop(await _body(request, wire.Act))
        return _answer(wire.Done())

    async def metrics(self, _request: Request) -> Response:
        """`GET /metrics`."""
        return PlainTextResponse(await metrics.of(self._desk), media_type=metrics.MEDIA_TYPE)


def build_app(desk: Desk) -> Starlette:
    """Return the API over a desk."""
    return Starlette(
        routes=Api(desk).routes(),
        exception_handlers={
            VgwmError: _refuse,
            HTTPException: _no_such,
            Exception: _fault,
        },
    )


def _answer(message: wire.Wire, status: int = 200) -> Response:
    return Response(msgspec.json.encode(message), status, media_type="application/json")


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, VgwmError)  # noqa: S101 - Starlette types every handler by Exception
    return _answer(wire.Refusal(error=error_body(error)), _STATUS.get(error.exit_code, 500))


async def _no_such(request: Request, error: Exception) -> Response:
    """Answer for an endpoint or a method that there is not: a client of another version."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette types every handler by Exception
    body = wire.ErrorBody(
        code="bad_input",
        what=f"{request.method} {display.safe(request.url.path)}: {error.detail}",
        where=f"engine {version('vgwm')}",
        remedy="Use the vgwm that runs the engine, or restart the engine with this one.",
        exit_code=BadInput.exit_code,
    )
    return _answer(wire.Refusal(error=body), error.status_code)


async def _fault(request: Request, error: Exception) -> Response:
    """Answer a fault of ours; Starlette raises it again behind us, into the engine's log."""
    body = wire.ErrorBody(
        code="fault",
        what=f"the engine stumbled: {type(error).__name__}",
        where=request.url.path,
        remedy="This is a fault of vgwm; engine.log in the workspace has the trace.",
    )
    return _answer(wire.Refusal(error=body), 500)


async def _body(request: Request, kind: type[_T], *, most: int = _LARGEST_BODY) -> _T:
    """Read a request's body strictly; BadInput names the member that is wrong."""
    raw = bytearray()
    try:
        async for piece in request.stream():
            raw += piece
            if len(raw) > most:
                raise BadInput(
                    what=f"a request of more than {most} bytes",
                    where=request.url.path,
                    remedy="Send less in one request.",
                )
    except ClientDisconnect as error:  # nobody is left to be told
        raise NoAnswer(
            what="the client left within its request",
            where=request.url.path,
            remedy="Send it again.",
        ) from error
    try:
        return msgspec.json.decode(bytes(raw), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            what=f"the request does not read as {kind.__name__}: {display.safe(str(error))}",
            where=request.url.path,
            remedy="Send the members that docs/api.md names.",
        ) from error


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise BadInput(
            what=f"{name}={display.safe(text)} is no number",
            where=request.url.path,
            remedy=f"{name} is a whole number from 0 on.",
        )
    return int(text)
