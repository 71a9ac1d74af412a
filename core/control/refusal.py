"""An engine's refusal on the wire, and as the error that it was over there."""

from __future__ import annotations

import inspect

from core.control.wire import state as wire
from core.errors import BadInput, Broken, Denied, NoAnswer, Refused, VgwmError, WrongState

_BY_EXIT: dict[int, type[VgwmError]] = {
    kind.exit_code: kind for kind in (BadInput, WrongState, NoAnswer, Refused, Denied, Broken)
}


def error_body(error: VgwmError) -> wire.ErrorBody:
    """Return an error as the wire has it."""
    return wire.ErrorBody(
        code=error.code,
        what=error.what,
        where=error.where,
        remedy=error.remedy,
        exit_code=error.exit_code,
    )


def raised(body: wire.ErrorBody) -> VgwmError:
    """Return the error that an engine answered, as the class that it was over there.

    A class that this version does not know becomes the one with the same exit code.
    """
    kind = _known(VgwmError).get(body.code) or _BY_EXIT.get(body.exit_code, VgwmError)
    return kind(what=body.what, where=body.where, remedy=body.remedy)


def _known(top: type[VgwmError]) -> dict[str, type[VgwmError]]:
    """Return the classes below `top` that need no more than what, where and remedy, by code."""
    found: dict[str, type[VgwmError]] = {}
    for kind in top.__subclasses__():
        needs = [
            parameter.name
            for parameter in inspect.signature(kind).parameters.values()
            if parameter.default is inspect.Parameter.empty
        ]
        if set(needs) <= {"what", "where", "remedy"}:
            found[kind(what="", where="", remedy="").code] = kind
        found |= _known(kind)
    return found
