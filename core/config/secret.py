"""Secrets by reference: `env:NAME`, `file:PATH`, `aws:PROFILE`. Values are read when needed.

A value lives in a `Secret`, which no print, log, traceback or pickle shows.
"""

from __future__ import annotations

import configparser
import hmac
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from core.config.redact import HIDDEN, remember
from core.display import safe
from core.errors import BadInput, Denied

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST_BYTES: Final = 64 << 10
_AWS_FILE: Final = "AWS_SHARED_CREDENTIALS_FILE"


class SecretKind(StrEnum):
    """Where a secret is kept."""

    ENV = "env"
    FILE = "file"
    AWS = "aws"


class AwsPart(StrEnum):
    """What of an AWS profile is meant."""

    ACCESS_KEY = "aws_access_key_id"
    SECRET_KEY = "aws_secret_access_key"  # noqa: S105 - a member's name, not a secret


class Secret:
    """A secret value. Only `reveal` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep the value, and have `redact` take it out of every text from now on."""
        self._value = value
        remember(value)

    def reveal(self) -> str:
        """Return the value: for the one call that sends it."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment] # a secret is no key of anything

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret does not leave its process")


class SecretRef:
    """Names a secret; holds none itself. name: a variable, an absolute path, or a profile.

    No dataclass: in `vgwm.yaml` it is one text, and msgspec would write a dataclass as two.
    """

    __slots__ = ("kind", "name")

    def __init__(self, kind: SecretKind, name: str) -> None:
        self.kind: Final = kind
        self.name: Final = name

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    def __repr__(self) -> str:
        return f"SecretRef({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretRef) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @staticmethod
    def parse(text: str) -> SecretRef:
        """Return the reference of a text.

        Raises BadInput that does not repeat the text: it may be the secret itself, pasted.
        """
        kind, colon, name = text.partition(":")
        if colon and kind in list(SecretKind) and name:
            ref = SecretRef(SecretKind(kind), name)
            if ref.kind is SecretKind.AWS or (
                Path(name).is_absolute()
                if ref.kind is SecretKind.FILE
                else _VARIABLE.fullmatch(name)
            ):
                return ref
        raise BadInput(
            what="this is no reference to a secret",
            where="secret",
            remedy="Write env:NAME, file:/ABSOLUTE/PATH or aws:PROFILE; never the secret itself.",
        )

    def resolve(
        self, environ: Mapping[str, str] = os.environ, *, part: AwsPart = AwsPart.SECRET_KEY
    ) -> Secret:
        """Read the secret now.

        part: which value of an AWS profile. One line feed at the end of a file is not part of the
        secret. Raises BadInput if it is absent or empty, Denied if it cannot be read.
        """
        if self.kind is SecretKind.ENV:
            value = environ.get(self.name, "")
        elif self.kind is SecretKind.FILE:
            value = self._read(Path(self.name)).removesuffix("\n").removesuffix("\r")
        else:
            value = self._profile(environ, part)
        if not value:
            raise self._absent("it is not set, or empty")
        return Secret(value)

    def _read(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                raw = file.read(_LARGEST_BYTES + 1)
            if len(raw) > _LARGEST_BYTES:
                raise self._absent("the file is larger than any secret")
            return raw.decode("utf-8")
        except PermissionError as e:
            raise Denied(
                what="the file of a secret may not be read",
                where=safe(str(self)),
                remedy="Let vgwm's user read it: mode 0600, owned by that user.",
            ) from e
        except OSError as e:
            raise self._absent(f"the file cannot be read: {e.strerror}") from e
        except UnicodeDecodeError:
            # not chained: the exception carries the bytes, so the secret
            raise self._absent("the file is not UTF-8 text") from None

    def _profile(self, environ: Mapping[str, str], part: AwsPart) -> str:
        path = Path(environ.get(_AWS_FILE) or Path.home() / ".aws" / "credentials")
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(self._read(path))
        except configparser.Error:
            # not chained: the parser quotes the line, so perhaps the secret
            raise self._absent(f"{safe(str(path))} is no credentials file") from None
        return parser.get(self.name, part.value, fallback="")

    def _absent(self, why: str) -> BadInput:
        remedies = {
            # an engine that runs was begun without it, and keeps the environment that it has
            SecretKind.ENV: "Export that variable where the engine starts. If one runs, end it"
            " first: vgwm engine stop; then try again.",
            SecretKind.FILE: "Write the secret into that file, mode 0600.",
            SecretKind.AWS: "Add that profile to the credentials file.",
        }
        return BadInput(
            what=f"a secret is missing: {why}", where=safe(str(self)), remedy=remedies[self.kind]
        )
