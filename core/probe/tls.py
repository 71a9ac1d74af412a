"""What a server's certificate is worth: who vouches for it, for which names, until when."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509

from core.display import safe
from core.probe.probe import Finding
from core.verdict import Verdict

if TYPE_CHECKING:
    from core.probe.endpoints import Endpoint

SOON: Final = timedelta(days=14)
"""A certificate that ends sooner is a warning: it may end during the migration."""


async def certificate(endpoint: Endpoint) -> Finding:
    """Shake hands as a client does, and judge the certificate. Raises OSError for no connection."""
    context = await asyncio.to_thread(ssl.create_default_context, cafile=endpoint.ca_file)
    try:
        shown = await _shake(endpoint, context)
    except ssl.SSLCertVerificationError as error:
        return await _unfit(endpoint, error)
    except ssl.SSLError as error:
        return Finding(
            Verdict.FAIL,
            f"no TLS: {safe(str(error.reason or error))}",
            "Check that this port speaks TLS 1.2 or newer, or write its address without TLS.",
        )
    try:
        return judge(x509.load_der_x509_certificate(shown), datetime.now(tz=UTC))
    except ValueError as error:
        return Finding(Verdict.UNKNOWN, f"its dates cannot be read: {safe(str(error))}", _RENEW)


def judge(shown: x509.Certificate, now: datetime) -> Finding:
    """Judge the dates of a certificate that was verified. now: UTC."""
    ends = shown.not_valid_after_utc
    text = f"{dates(shown)}; chain and name hold"
    if ends <= now:
        return Finding(Verdict.FAIL, f"expired: {dates(shown)}", _RENEW)
    if ends - now < SOON:
        return Finding(Verdict.WARN, f"ends in {(ends - now).days} d: {text}", _RENEW)
    return Finding(Verdict.PASS, text)


def dates(shown: x509.Certificate) -> str:
    """Return `valid 2026-01-02 to 2027-02-03`."""
    return f"valid {shown.not_valid_before_utc:%Y-%m-%d} to {shown.not_valid_after_utc:%Y-%m-%d}"


_RENEW: Final = "Renew the certificate before the migration begins, and let the server read it."
_EXPIRED: Final = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_NOT_YET: Final = 9  # X509_V_ERR_CERT_NOT_YET_VALID
_NAMES: Final = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH


async def _unfit(endpoint: Endpoint, error: ssl.SSLCertVerificationError) -> Finding:
    """Say why a certificate does not hold, with its own dates: read without trusting it."""
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    shown = await _shake(endpoint, blind)
    try:
        text = f"{safe(error.verify_message)}; {dates(x509.load_der_x509_certificate(shown))}"
    except ValueError:
        text = safe(error.verify_message)
    if error.verify_code == _EXPIRED:
        return Finding(Verdict.FAIL, text, _RENEW)
    if error.verify_code == _NOT_YET:
        return Finding(Verdict.FAIL, text, "Set this host's clock (NTP), or the certificate's.")
    if error.verify_code in _NAMES:
        return Finding(
            Verdict.FAIL, text, "Use the name that is signed, or sign one with this name."
        )
    return Finding(
        Verdict.FAIL,
        text,
        "Let this host trust its authority: SSL_CERT_FILE, or target.table_ca_file for a table.",
    )


async def _shake(endpoint: Endpoint, context: ssl.SSLContext) -> bytes:
    """Return the certificate that was shown, DER."""
    _, writer = await asyncio.open_connection(
        endpoint.host, endpoint.port, ssl=context, server_hostname=endpoint.host
    )
    try:
        inside: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return inside.getpeercert(binary_form=True) or b""
    finally:
        writer.close()
