"""Writes docs/api.md from the wire types: `python -m core.control.reference > docs/api.md`."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, get_args, get_origin

import msgspec

from core.control.wire import bundles as wire_bundles
from core.control.wire import checks as wire_checks
from core.control.wire import cluster as wire_cluster
from core.control.wire import cutover as wire_cutover
from core.control.wire import failures as wire_failures
from core.control.wire import keeping as wire_keeping
from core.control.wire import metadata as wire_metadata
from core.control.wire import plan as wire_plan
from core.control.wire import rollback as wire_rollback
from core.control.wire import state as wire
from core.control.wire import sync as wire_sync
from core.control.wire import verify as wire_verify

if TYPE_CHECKING:
    from types import ModuleType

_HEAD = """\
# The engine's API

Made by `python -m core.control.reference`; a test compares.

One engine per workspace answers HTTP on the unix socket `engine.sock` in it, mode 0600.
JSON throughout; unknown members are ignored, so that an older client reads a newer engine.
Times are UTC nanoseconds, ages and waits seconds.
Keys and error bodies are made safe to show before they leave the engine.

    curl --silent --unix-socket ws/engine.sock http://engine/v1/snapshot

| Endpoint | In | Out |
|---|---|---|
| `GET /v1/snapshot` | - | Snapshot |
| `GET /v1/events` | `since`: a number, `limit`: <= 1,000 | Events |
| `GET /v1/failures` | `limit`: <= 500, the members of FailureQuery, `class` for code | Failures |
| `GET /v1/failures/causes` | `disposition` | FailureCauses |
| `GET /v1/failures/bundles` | `at`: a row's place, `limit`: <= 500 | FailureBundles |
| `GET /v1/bundles` | `since`: a number, `limit`: <= 1,000 | Bundles |
| `POST /v1/plans` | PlanRequest | ActPlan |
| `GET /v1/plans/N` | - | ActPlan |
| `GET /v1/plan` | - | Plan |
| `GET /v1/checks` | - | Checks |
| `GET /v1/proof` | `job`: a number | Proof |
| `GET /v1/proofs` | `limit`: <= 100 | Proofs |
| `GET /v1/views/LIST` | `at`, `limit`: <= 500, `kind`, `bucket`, `job` | View |
| `GET /v1/sync` | - | Sync |
| `GET /v1/cutover` | `slice`: a name, else all | Cutover |
| `GET /v1/rollback` | the members of RollbackQuery | Rollback |
| `GET /v1/rollback/names` | the members of NamesQuery, `limit`: <= 500 | RiskNames |
| `GET /v1/cluster` | - | Cluster |
| `POST /v1/cutovers` | CutoverRequest | CutoverPlan |
| `GET /v1/cutovers/N` | - | CutoverPlan |
| `PUT /v1/acks/ID`, `PUT /v1/acks/gate:NAME` | AckRequest | Done |
| `PUT /v1/notes/ITEM` | NoteRequest | Done |
| `POST /v1/repairs` | RepairRequest | RepairPlan |
| `GET /v1/repairs/N` | - | RepairPlan |
| `POST /v1/keepings` | KeepingRequest | KeepingPlan |
| `GET /v1/keepings/N` | - | KeepingPlan |
| `POST /v1/jobs` | JobRequest | JobMade |
| `POST /v1/jobs/N/pause`, `resume`, `cancel` | Act | Done |
| `PATCH /v1/knobs` | KnobRequest | Done |
| `PUT /v1/lease` | Command | Lease |
| `POST /v1/engine/stop` | Act | Done |
| `GET /metrics` | - | Prometheus' text format |

An act is answered once it is on disk.
A `request_id` that was obeyed gets its answer again, also from the next engine; nothing is done.
An `expected_epoch` of another engine is refused (5), and so is an act while another actor steers.
An act takes the lease; the holder's acts keep it, and looks that name them in `vgwm-actor`.
It is free 60 s after the last, and in a new epoch.
A rollback takes it over from whoever holds it, said in an event.
Anything else is answered by a Refusal.
Its HTTP status follows the exit code: 2 is 400, 3 is 409, 4 is 503, 5 is 412, 6 is 403, else 500.
"""


def render() -> str:
    """Return the whole page."""
    kinds = [
        *_kinds(wire),
        *_kinds(wire_plan),
        *_kinds(wire_bundles),
        *_kinds(wire_failures),
        *_kinds(wire_checks),
        *_kinds(wire_verify),
        *_kinds(wire_sync),
        *_kinds(wire_metadata),
        *_kinds(wire_keeping),
        *_kinds(wire_cutover),
        *_kinds(wire_rollback),
        *_kinds(wire_cluster),
    ]
    return "\n".join([_HEAD, *(_section(kind) for kind in kinds)])


def _kinds(module: ModuleType) -> list[type[wire.Wire]]:
    """Return a module's wire types in the order of its lines."""
    kinds = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, wire.Wire) and kind is not wire.Wire
    ]
    return sorted(kinds, key=lambda kind: inspect.getsourcelines(kind)[1])


def _section(kind: type[wire.Wire]) -> str:
    lines = [f"## {kind.__name__}", "", *inspect.cleandoc(kind.__doc__ or "").splitlines(), ""]
    fields = msgspec.structs.fields(kind)
    if fields:
        lines += ["| Member | Type | Default |", "|---|---|---|"]
        lines += [
            f"| `{field.encode_name}` | {_type(field.type)} | {_default(field)} |"
            for field in fields
        ]
        lines.append("")
    return "\n".join(lines)


def _type(kind: object) -> str:
    if kind is type(None):
        return "null"
    given = get_args(kind)
    inner = [_type(one) for one in given if one is not ...]
    origin = get_origin(kind)
    if origin is list or ... in given:
        return f"[{inner[0]}]"
    if origin is tuple:
        return f"[{', '.join(inner)}]"
    if origin is dict:
        return f"{{{inner[0]}: {inner[1]}}}"
    if inner:
        return " or ".join(inner)
    return getattr(kind, "__name__", str(kind))


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    made = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return f"`{msgspec.json.encode(made).decode()}`"


if __name__ == "__main__":
    sys.stdout.write(render())
