"""A line to a server that a test makes slow, or swallows what is sent over it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Self


class SlowLine:
    """Listens on loopback and passes bytes on to a port there, both ways, until it is left.

    `rate` is how many bytes of a client pass in a second, None for all of them. While it
    `swallows` connections are accepted and stay open, and nothing passes in either direction.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._is_over = False
        self.rate: int | None = None
        self.swallows = False
        self.passed = 0
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()
        for each in self._open:
            each.close()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._listener.getsockname()[1]

    def cut(self) -> None:
        """End all connections there are."""
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                client.close()
                continue
            self._open += [client, server]
            for pair, is_slow in (((client, server), True), ((server, client), False)):
                self._start(self._pass, *pair, is_slow)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        self._threads.append(threading.Thread(target=work, args=args, daemon=True))
        self._threads[-1].start()

    def _pass(self, source: socket.socket, target: socket.socket, is_slow: bool) -> None:
        try:
            while data := source.recv(4096):
                while self.swallows and not self._is_over:
                    time.sleep(0.01)  # noqa: TID251 - a thread of the test, not of nof0
                if is_slow and self.rate is not None:
                    time.sleep(len(data) / self.rate)  # noqa: TID251 - likewise
                target.sendall(data)
                self.passed += len(data)
        except OSError:
            pass
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
