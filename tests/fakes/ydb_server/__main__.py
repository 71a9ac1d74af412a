"""Options, the gRPC server, and the one line that tells where it listens."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import uuid
from pathlib import Path
from typing import Final

import grpc

from tests.fakes.ydb_server.core import Core, Fault, Options
from tests.fakes.ydb_server.services import Services
from tests.fakes.ydb_server.store import Store

_MAX_MESSAGE_BYTES: Final = 64_000_000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.ydb_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any; the chosen one is printed")
    parser.add_argument("--advertise", default="localhost", help="what discovery answers")
    parser.add_argument("--database", default="/local")
    parser.add_argument("--file", required=True, help="the SQLite file behind")
    parser.add_argument("--ahead", type=int, default=0, help="seconds that its clock is ahead")
    parser.add_argument("--feeds", default="on", help="changefeeds: on, off, or ms behind")
    parser.add_argument("--cert", default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--token", default="", help="taken without a login")
    parser.add_argument("--fault", action="append", default=[], metavar="METHOD=STATUS:ODDS")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    options = Options(
        host=arguments.host,
        port=arguments.port,
        advertise=arguments.advertise,
        tls=bool(arguments.cert),
        user=arguments.user,
        password=arguments.password,
        token=arguments.token or (f"token-{uuid.uuid4().hex}" if arguments.user else ""),
        faults=dict(Fault.parse(text) for text in arguments.fault),
    )
    store = Store(arguments.file, arguments.database, arguments.ahead, arguments.feeds)
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        ]
    )
    server.add_generic_rpc_handlers(Services(Core(store, options)).handlers())
    address = f"{options.host}:{options.port}"
    if options.tls:
        pair = [
            (await asyncio.to_thread(Path(name).read_bytes))
            for name in (arguments.key, arguments.cert)
        ]
        credentials = grpc.ssl_server_credentials([tuple(pair)])
        options.port = server.add_secure_port(address, credentials)
    else:
        options.port = server.add_insecure_port(address)
    await server.start()
    print(f"listening on {options.host}:{options.port}", flush=True)  # noqa: T201 - the sign on the door
    await server.wait_for_termination()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments()))
