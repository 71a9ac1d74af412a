"""What a YDB error means for us, in one place.

Source: ydb.md 6. Tested against a stand-in, not against YDB.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

import ydb

from core.display import safe
from core.errors import (
    BadInput,
    Broken,
    CapacityExhausted,
    Denied,
    NoAnswer,
    NodeUnreachable,
    SchemaMismatch,
    VgwmError,
)


class Meaning(Enum):
    """What to do about an error."""

    BUSY = "wait, then with fewer rows"
    AGAIN = "try again"
    FULL = "the database has no room"
    LOST = "no connection: unknown, try until patience ends"
    SCHEMA = "the table is not what we think"
    ROW = "one of the rows is at fault"
    DENIED = "credentials or permission"
    ABSENT = "no such database"
    OTHER = "nothing we know"


FOREIGN: Final = (ydb.Error, TimeoutError)
"""What the SDK raises. A TimeoutError of the loop is no `ydb.Error`."""

REPEATED: Final = frozenset({Meaning.BUSY, Meaning.AGAIN, Meaning.LOST})

# The first match counts, so subclasses stand before their bases.
_MEANINGS: Final[tuple[tuple[Meaning, tuple[type[BaseException], ...]], ...]] = (
    (
        Meaning.BUSY,
        (
            ydb.issues.Overloaded,
            ydb.issues.Unavailable,
            ydb.issues.SessionBusy,
            ydb.issues.SessionPoolEmpty,
        ),
    ),
    (
        Meaning.AGAIN,
        (
            ydb.issues.Aborted,
            ydb.issues.BadSession,
            ydb.issues.SessionExpired,
            ydb.issues.Undetermined,
            ydb.issues.InternalError,
        ),
    ),
    (Meaning.SCHEMA, (ydb.issues.SchemeError,)),
    (Meaning.ROW, (ydb.issues.BadRequest, ydb.issues.PreconditionFailed)),
    (Meaning.DENIED, (ydb.issues.Unauthorized, ydb.issues.Unauthenticated)),
    (Meaning.ABSENT, (ydb.issues.NotFound,)),
    (Meaning.OTHER, (ydb.issues.Unimplemented,)),
    (
        Meaning.LOST,
        (
            ydb.issues.ConnectionError,
            ydb.issues.Timeout,
            ydb.issues.DeadlineExceed,
            ydb.issues.Cancelled,
            TimeoutError,
        ),
    ),
)
_ERRORS: Final[dict[Meaning, tuple[type[VgwmError], str]]] = {
    Meaning.BUSY: (NoAnswer, "It is overloaded; go on later, or with fewer workers."),
    Meaning.FULL: (CapacityExhausted, "Give the database more storage; nothing was half written."),
    Meaning.AGAIN: (NoAnswer, "It did not go through for minutes; go on later."),
    Meaning.LOST: (NodeUnreachable, "Check the server and the way to it."),
    Meaning.SCHEMA: (SchemaMismatch, "Compare the table with the profile."),
    Meaning.ROW: (BadInput, "A row does not fit its table."),
    Meaning.DENIED: (Denied, "Check the table's user and what its reference resolves to."),
    Meaning.ABSENT: (BadInput, "Check the database in target.table."),
    Meaning.OTHER: (Broken, "The server refuses what it was known to take: compare its version."),
}
# An answer's text stands among its severity, code and position.
_MESSAGE: Final = re.compile(r'message: "((?:[^"\\]|\\.)*)"')
# The SDK reports both as failures of the connection, with the server's reason in the text only.
_DENIED_TEXTS: Final = (
    "Invalid password",
    "StaticCredentials",
    "Access denied",
    "UNAUTHORIZED",
    "UNAUTHENTICATED",
)
_FULL_TEXTS: Final = ("out of disk space", "disk space exhausted", "DISK_SPACE_EXHAUSTED")
_ABSENT_TEXTS: Final = ("database not exist", "NOT_FOUND", "not found")
# A failed login that only met a closed port or a silent server says nothing of the password.
_UNHEARD_TEXTS: Final = ("Failed to establish connection", "UNAVAILABLE", "Deadline", "DEADLINE")


def meaning(error: BaseException) -> Meaning:
    """Return what an error of the SDK means."""
    found = next((what for what, classes in _MEANINGS if isinstance(error, classes)), Meaning.OTHER)
    if found in {Meaning.BUSY, Meaning.AGAIN} and any(t in str(error) for t in _FULL_TEXTS):
        return Meaning.FULL
    if found is Meaning.LOST and not isinstance(error, TimeoutError):
        text = str(error)
        if any(unheard in text for unheard in _UNHEARD_TEXTS):
            return found
        if any(denied in text for denied in _DENIED_TEXTS):
            return Meaning.DENIED
        if any(absent in text for absent in _ABSENT_TEXTS):
            return Meaning.ABSENT
    return found


def to_error(error: BaseException, where: str) -> VgwmError:
    """Return our error for the SDK's. where: the table's address, without credentials."""
    kind, remedy = _ERRORS[meaning(error)]
    silent = isinstance(error, TimeoutError)
    what = "YDB gave no answer in time" if silent else f"YDB says: {said(error)}"
    return kind(what=what, where=where, remedy=remedy)


def said(error: BaseException) -> str:
    """Return the SDK's text made safe and short; it may hold keys of the operator's objects."""
    quoted = _MESSAGE.search(str(error))
    text = quoted[1] if quoted else " ".join(str(error).split())
    return safe((text or type(error).__name__)[:300])
