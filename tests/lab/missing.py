"""What the laboratory lacks: a value that a fixture turns into a loud skip, or into a failure."""

from __future__ import annotations


class Missing(Exception):
    """A program that a test needs is not here, and how to get it."""

    def __init__(self, what: str, *, needs: str) -> None:
        super().__init__(f"{what} (needs: {needs})")
        self.what = what
        self.needs = needs


class LabError(Exception):
    """A server of the laboratory did not do what it should; the message holds its log's end."""
