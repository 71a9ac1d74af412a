"""A certificate and its key as a gateway is to be given them: readable, matching, in date."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from core.display import age

_LARGEST_BYTES: Final = 1 << 20


def check_pair(cert: str, key: str) -> str:
    """Return what is wrong with a certificate and its key, both paths; nothing if they are fine."""
    try:
        found = x509.load_pem_x509_certificate(_read(cert))
    except OSError as error:
        return f"the certificate cannot be read: {error.strerror}"
    except ValueError:
        return "the certificate is no PEM certificate"
    try:
        private = load_pem_private_key(_read(key), password=None)
    except OSError as error:
        return f"the key cannot be read: {error.strerror}"
    except (ValueError, TypeError):
        # TypeError: it is encrypted. Not chained anywhere: the text is the key
        return "the key is no plain PEM key"
    mine = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    theirs = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if mine != theirs:
        return "the key is not the certificate's"
    return _out_of_date(found, datetime.now(tz=UTC))


def _out_of_date(found: x509.Certificate, now: datetime) -> str:
    if now < found.not_valid_before_utc:
        return f"valid only in {age((found.not_valid_before_utc - now).total_seconds())}"
    if now > found.not_valid_after_utc:
        return f"expired {age((now - found.not_valid_after_utc).total_seconds())} ago"
    return ""


def _read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(_LARGEST_BYTES)
