"""The HTTP server: a socket that is ours before anything else starts, and a thread to serve it.

The thread has an event loop of its own. An engine in the same process decides and trades on its
loop as if nobody were asking, and long work there delays no answer.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
import attrs
import uvicorn

from nof0_api.front import Front
from nof0_core.errors import UsageError

_PATIENCE = 2
"""Seconds that answers under way are given when the server stops."""


@attrs.frozen(eq=False)
class Address:
    """A bound socket and how a browser names it."""

    socket: socket.socket
    url: str
    is_public: bool


def bind(host: str, port: int) -> Address:
    """Take the address; port 0 means any free one.

    Raises:
        UsageError: it is taken, not of this machine, or not allowed.
    """
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _refused(host, port, error) from error
    try:
        # A port that a server before us has just left is free.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise _refused(host, port, error) from error
    listening.settimeout(0)
    ip, real_port = listening.getsockname()[:2]
    shown = f"[{ip}]" if ":" in ip else ip
    is_public = not ipaddress.ip_address(ip).is_loopback
    return Address(listening, f"http://{shown}:{real_port}", is_public)


def _refused(host: str, port: int, error: OSError) -> UsageError:
    return UsageError(
        f"cannot listen on {host}:{port}: {error.strerror or error}",
        hints=("set Host and Port in the main file, or use --host and --port of `nof0 serve`",),
    )


@asynccontextmanager
async def serving(app: Front, address: Address) -> AsyncIterator[threading.Thread]:
    """Serve an application until the block is left; yields the thread, which ends only then.

    The socket accepts connections from the moment it was bound; they are answered a moment later.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
    )
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [address.socket]}, name="nof0-api", daemon=True
    )
    thread.start()
    try:
        yield thread
    finally:
        app.close()
        server.should_exit = True
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(thread.join, _PATIENCE + 3)
        address.socket.close()
