"""Why a TLS connection to a YDB server fails: the SDK only ever says that time ran out.

So a handshake of our own asks, and reads the reason. Source: ydb.md 5.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import BadInput, NodeUnreachable

if TYPE_CHECKING:
    from pathlib import Path

    from core.errors import VgwmError
    from core.target.ydb_address import YdbAddress

_HANDSHAKE_S: Final = 5.0


async def why_unreachable(address: YdbAddress, ca_file: Path | None) -> VgwmError | None:
    """Return what is wrong with name, port or certificate, None if a connection succeeds.

    ca_file: PEM file of the authority, None for the system's.
    """
    where = safe(str(address))
    try:
        await _shake_hands(address, ca_file)
    except TimeoutError:
        what = f"no answer within {_HANDSHAKE_S:.0f} s"
    except ssl.SSLCertVerificationError as error:
        return BadInput(
            what=f"the server's certificate does not hold: {safe(error.verify_message)}",
            where=where,
            remedy="Name its authority in target.table_ca_file, and the host as it is signed.",
        )
    except ssl.SSLError as error:
        what = f"no TLS: {safe(str(error.reason or error))}"
    except OSError as error:
        what = safe(error.strerror or str(error))
    else:
        return None
    return NodeUnreachable(
        what=what, where=where, remedy="Check the server and the way to it.", node="table"
    )


async def _shake_hands(address: YdbAddress, ca_file: Path | None) -> None:
    context = None
    if address.tls:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=ca_file)
        context.set_alpn_protocols(["h2"])
    async with asyncio.timeout(_HANDSHAKE_S):
        _, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
        writer.close()
