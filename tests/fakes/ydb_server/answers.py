"""An answer that is not success, and SQLite's errors as such."""

from __future__ import annotations

import sqlite3

from tests.fakes.ydb_server.protos import Status


class Answer(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def as_answer(error: Exception) -> Answer:
    """Whatever a handler raises becomes a status: the server itself goes on."""
    if isinstance(error, Answer):
        return error
    if isinstance(error, sqlite3.IntegrityError):
        return Answer(Status.PRECONDITION_FAILED, f"Constraint violated: {error}")
    if isinstance(error, sqlite3.OperationalError):
        text = str(error)
        if "locked" in text or "busy" in text:
            return Answer(Status.ABORTED, "Transaction locks invalidated. (snapshot conflict)")
        return Answer(Status.GENERIC_ERROR, text)
    return Answer(Status.GENERIC_ERROR, f"stand-in: {type(error).__name__}: {error}")
