"""What names an S3 source: where its keys are kept, and in workers the keys themselves.

May import secrets by reference.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.secret import AwsPart

if TYPE_CHECKING:
    from core.config.secret import Secret, SecretRef
    from core.source.s3.keys import Keys

HANDLES = 16
"""Connections that one process keeps. 8 give nine tenths of the speed, 32 no more than 16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Config:
    """An endpoint and whose keys open it.

    endpoint: http[s]://HOST[:PORT]. ca_file: PEM file of the authority of an https endpoint; None:
    AWS_CA_BUNDLE's, SSL_CERT_FILE's, or the one that Python's clients bring along. held: the keys,
    read by the coordinator, for its workers' environment has none (I9); None: read when wanted.
    """

    endpoint: str
    region: str
    access_key_ref: SecretRef
    secret_ref: SecretRef
    ca_file: Path | None = None
    held: Keys | None = None

    def keys(self) -> tuple[Secret, Secret]:
        """Return access key and secret. Raises BadInput if one is absent, Denied."""
        if self.held is not None:
            return self.held.access, self.held.secret
        return (
            self.access_key_ref.resolve(part=AwsPart.ACCESS_KEY),
            self.secret_ref.resolve(part=AwsPart.SECRET_KEY),
        )

    def authority(self) -> Path:
        """Return the file that vouches for the endpoint. The client's own default is no host's."""
        if self.ca_file is not None:
            return self.ca_file
        named = environ.get("AWS_CA_BUNDLE") or ssl.get_default_verify_paths().cafile
        if named:
            return Path(named)
        from certifi import where  # noqa: PLC0415 - read only where the host has none

        return Path(where())
