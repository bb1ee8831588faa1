"""Poolers that hand out connections to PostgreSQL by transaction.

`pgbouncer` is the real one, where it can be had: the program that `NOF0_PGBOUNCER` names, or one on
the path (Debian: `apt-get install pgbouncer`). `MixingProxy` is small and made for tests: it speaks
the protocol of PostgreSQL on loopback and gives each transaction another connection to the server
than the one before, which is the worst a pooler may do.
"""

from __future__ import annotations

import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

_IDLE = b"I"
_READY = ord("Z")
_TERMINATE = ord("X")
_SSL = 80877103


def pgbouncer_program():
    """Return the path of pgbouncer, None where there is none."""
    named = os.environ.get("NOF0_PGBOUNCER")
    found = named or shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    return Path(found) if found else None


@contextmanager
def pgbouncer(program, port_of_server):
    """Run pgbouncer in transaction mode; gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="nof0-pool-") as folder:
        place = Path(folder)
        place.chmod(0o777)
        (place / "pool.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={port_of_server}\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 3\n"
            "server_round_robin = 1\nlogfile =\npidfile =\n"
        )
        # `auth_type = any` signs in as the user the database section names.
        text = (place / "pool.ini").read_text()
        (place / "pool.ini").write_text(
            text.replace(f"port={port_of_server}", f"port={port_of_server} user=postgres")
        )
        words = [program, place / "pool.ini"]
        if os.geteuid() == 0:
            words[1:1] = ["-u", "nobody"]
        with (place / "said").open("wb") as said:
            process = subprocess.Popen(list(map(str, words)), stdout=said, stderr=said)
        try:
            while not _answers(port):
                assert process.poll() is None, (place / "said").read_text()
                time.sleep(0.05)  # noqa: TID251 - a process of the machine is waited for
            yield port
        finally:
            process.kill()
            process.wait()


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@contextmanager
def mixing_proxy(port_of_server):
    """Run a `MixingProxy` in a process of its own; gives its port."""
    command = [sys.executable, __file__, str(port_of_server)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


class MixingProxy:
    """A pooler with three connections to the server, used in turn, each for one transaction."""

    def __init__(self, port_of_server, user="postgres", database="postgres"):
        self._server = ("127.0.0.1", port_of_server)
        startup = {"user": user, "database": database}
        self._backends = [_Backend(self._server, startup) for _ in range(3)]
        self._turns = cycle(range(len(self._backends)))
        self._turn = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        _at_once(client)
        try:
            self._greet(client)
            while True:
                kind, body = _message(client)
                if kind == _TERMINATE:
                    return
                with self._next() as backend:
                    self._transaction(client, backend, kind, body)
        except (OSError, EOFError):
            pass
        finally:
            client.close()

    def _greet(self, client):
        while True:
            (size,) = struct.unpack("!I", _exactly(client, 4))
            (code,) = struct.unpack("!I", _exactly(client, size - 4)[:4])
            if code != _SSL:
                break
            client.sendall(b"N")
        parameters = self._backends[0].greeting
        client.sendall(b"R\0\0\0\x08\0\0\0\0" + parameters + b"Z\0\0\0\x05I")

    @contextmanager
    def _next(self):
        with self._turn:
            backend = self._backends[next(self._turns)]
        with backend.lock:
            yield backend

    @staticmethod
    def _transaction(client, backend, kind, body):
        """Pass on what both say until the server is idle again.

        A client may say much before it listens: what the server does not take yet is kept.
        """
        server, kept = backend.socket, bytearray(_packed(kind, body))
        try:
            while True:
                heard, free, _ = select.select((client, server), (server,) if kept else (), ())
                if free:
                    del kept[: server.send(kept, socket.MSG_DONTWAIT)]
                if server in heard:
                    kind, body = _message(server)
                    client.sendall(_packed(kind, body))
                    if (kind, body) == (_READY, _IDLE):
                        return
                elif client in heard:
                    kind, body = _message(client)
                    if kind == _TERMINATE:
                        # In the midst of it: the server takes back what was begun.
                        backend.renew()
                        return
                    kept += _packed(kind, body)
        except (OSError, EOFError):
            backend.renew()
            raise


class _Backend:
    def __init__(self, place, startup):
        self._place, self._startup = place, startup
        self.lock = threading.Lock()
        self.renew()

    def renew(self):
        """Connect anew: the server takes back what was begun."""
        if hasattr(self, "socket"):
            self.socket.close()
        self.socket = socket.create_connection(self._place)
        _at_once(self.socket)
        words = b"".join(f"{key}\0{value}\0".encode() for key, value in self._startup.items())
        body = struct.pack("!I", 196608) + words + b"\0"
        self.socket.sendall(struct.pack("!I", len(body) + 4) + body)
        self.greeting = b""
        while True:
            kind, body = _message(self.socket)
            if kind == _READY:
                return
            if kind == ord("S"):
                self.greeting += _packed(kind, body)


def _at_once(connection):
    """Send small messages without waiting for others to go with them."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _message(connection):
    (kind,) = _exactly(connection, 1)
    (size,) = struct.unpack("!I", _exactly(connection, 4))
    return kind, _exactly(connection, size - 4)


def _packed(kind, body):
    return bytes([kind]) + struct.pack("!I", len(body) + 4) + body


def _exactly(connection, size):
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found


if __name__ == "__main__":
    proxy = MixingProxy(int(sys.argv[1]))
    print(proxy.port, flush=True)  # noqa: T201 - whoever has started it reads it
    proxy.serve()
