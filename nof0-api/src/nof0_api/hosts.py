"""Which names of this server a request may call it by, so that no web page reads it in disguise.

A page of evil.example may let that name lead to 127.0.0.1 once it is loaded (DNS rebinding). For
the browser the API then belongs to the page. What gives it away is the Host header: it names
evil.example. An IP address there is always good, because a name is what such a trick needs.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from functools import lru_cache

from nof0_api.asgi import Header
from nof0_core.project import ANY_HOST

_LOCAL = "localhost"


class Hosts:
    """The rules: addresses, localhost, the names given; with `*` among them every name."""

    def __init__(self, names: Collection[str]) -> None:
        self._is_open = ANY_HOST in names
        self._names = frozenset(name.lower().rstrip(".") for name in names if name)
        self._allows_value = lru_cache(maxsize=256)(self._is_allowed)

    def allow(self, headers: Iterable[Header]) -> bool:
        """Tell whether a request with these headers is answered, names in lower case.

        Without a Host header it is: browsers always send one.
        """
        if self._is_open:
            return True
        return all(self._allows_value(value) for name, value in headers if name == b"host")

    def _is_allowed(self, value: bytes) -> bool:
        host = _without_port(value.decode("latin-1").strip().lower())
        if host.startswith("[") and host.endswith("]"):
            return _is_address(host[1:-1])
        name = host.removesuffix(".")
        return (
            name in self._names
            or name == _LOCAL
            or name.endswith(f".{_LOCAL}")
            or _is_address(host)
        )


def _without_port(host: str) -> str:
    rest, colon, port = host.rpartition(":")
    # An IPv6 address stands in brackets, so a colon outside of them begins a port.
    return rest if colon and (port.isdecimal() or not port) and not rest.endswith(":") else host


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
