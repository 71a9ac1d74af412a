"""What the laboratory lacks: a value that a fixture turns into a loud skip, or into a failure."""

from __future__ import annotations


class Missing(Exception):
    """A program that a test needs is not here, and how to get it.

    optional: nobody can be required to have it, as a YDB database: a skip even where CI requires.
    """

    def __init__(self, what: str, *, needs: str, optional: bool = False) -> None:
        super().__init__(f"{what} (needs: {needs})")
        self.what = what
        self.needs = needs
        self.optional = optional


class LabError(Exception):
    """A server of the laboratory did not do what it should; the message holds its log's end."""
