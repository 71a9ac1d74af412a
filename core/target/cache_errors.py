"""What an error of the Redis client means for us, in one place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from redis import exceptions

from core.config.redact import redact
from core.display import safe
from core.errors import BadInput, CapacityExhausted, Denied, NodeBusy, NodeUnreachable

if TYPE_CHECKING:
    from core.errors import VgwmError

FOREIGN: Final = (exceptions.RedisError, OSError)
"""What a call of the client raises. A TimeoutError of the loop is an OSError."""

_DENIED_WORDS: Final = ("NOAUTH", "WRONGPASS", "NOPERM", "DENIED", "ERR AUTH")
_DENIED: Final = (
    exceptions.AuthenticationError,
    exceptions.AuthenticationWrongNumberOfArgsError,
    exceptions.NoPermissionError,
)
_BUSY_S: Final = 5.0


def to_error(error: BaseException, endpoint: str) -> VgwmError:
    """Return our error for the client's. endpoint: `HOST:PORT`, safe to show."""
    where = f"cache {endpoint}"
    # a server, or a proxy before it, may repeat what it was sent (I9)
    said = safe(redact(" ".join(str(error).split()))[:300])
    if isinstance(error, exceptions.TimeoutError | TimeoutError):
        return _unreachable("no answer in time", endpoint, "Check the server and the way to it.")
    if isinstance(error, _DENIED) or said.startswith(_DENIED_WORDS):
        return Denied(
            what=f"Redis does not let us in: {said}",
            where=where,
            remedy="Compare what target.cache.password_ref resolves to with its requirepass.",
        )
    if isinstance(error, exceptions.BusyLoadingError):
        return NodeBusy(
            what="it is still loading its data",
            where=where,
            remedy="Ask again when it is up.",
            wait_s=_BUSY_S,
            node=endpoint,
        )
    if isinstance(error, exceptions.OutOfMemoryError):
        return CapacityExhausted(
            what="it has no memory left for another key",
            where=where,
            remedy="Set a maxmemory-policy that evicts, such as allkeys-lfu, or more memory.",
            node=endpoint,
        )
    if isinstance(error, exceptions.ConnectionError | OSError):
        remedy = "Start the server, or correct target.cache.endpoints."
        return _unreachable(_reason(error), endpoint, remedy)
    return BadInput(what=f"Redis says: {said}", where=where, remedy="Compare its settings.")


def _unreachable(what: str, endpoint: str, remedy: str) -> NodeUnreachable:
    return NodeUnreachable(what=what, where=f"cache {endpoint}", remedy=remedy, node=endpoint)


def _reason(error: BaseException) -> str:
    """Return what the system said: the client wraps it into a sentence with the address."""
    cause = error.__cause__ or error.__context__
    found = error if isinstance(error, OSError) else cause
    if isinstance(found, OSError) and found.errno:
        # asyncio words it with the address; a name that does not resolve has a number of its own
        known = os.strerror(found.errno) if found.errno > 0 else str(found.strerror)
        return safe(known.lower())
    return safe(redact(" ".join(str(error).split()))[:300])
