"""Proxies and certificates that the environment names: used, or refused by the variable's name."""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from nof0_core.errors import UsageError

PROXIES = ("http", "https")
_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


@contextmanager
def refused_settings() -> Iterator[None]:
    """Open a client; what it cannot use of the environment is refused before and after.

    Raises:
        UsageError: with the name of the variable, never its value: a proxy's may hold a password.
    """
    fault = _proxy_fault() or _certificate_fault()
    if fault:
        raise UsageError(fault)
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        names = [n for n in _PROXY_VARIABLES if _value(n)]
        names += [n for n in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(n)]
        message = (
            f"the environment variables {', '.join(names)} cannot be used "
            f"({type(error).__name__}): correct or unset them"
        )
        if not names:
            raise
        raise UsageError(message) from None


def trusted() -> ssl.SSLContext:
    """Return the certificates that endpoints are checked against, read once for all clients.

    They are read again where the environment names others, or the file of them was changed.

    Raises:
        OSError, ValueError: they cannot be read.
    """
    file = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().openssl_cafile
    try:
        found = Path(file).stat()
        state = found.st_ino, found.st_mtime_ns, found.st_size
    except OSError:
        state = None
    return _read(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), state)


@functools.lru_cache(maxsize=1)
def _read(_file: str | None, _folder: str | None, _state: object) -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _value(name: str) -> str:
    return os.environ.get(name.lower()) or os.environ.get(name) or ""


def _proxy_fault() -> str:
    for name in _PROXY_VARIABLES:
        value = _value(name).strip()
        if not value:
            continue
        written = name.lower() if os.environ.get(name.lower()) else name
        try:
            parts = urlsplit(value if "://" in value else f"http://{value}")
            scheme, is_whole = parts.scheme, bool(parts.hostname) and parts.port != 0
        except ValueError:
            scheme, is_whole = "", False
        if not is_whole:
            return (
                f"the environment variable {written} is no address of a proxy: correct or unset it"
            )
        if scheme not in PROXIES:
            return (
                f"the environment variable {written} names a proxy of the kind {scheme!r}; "
                f"known are {', '.join(PROXIES)}: correct or unset it"
            )
    return ""


def _certificate_fault() -> str:
    name = "SSL_CERT_FILE"
    value = os.environ.get(name)
    if value:
        try:
            trusted()
        except (OSError, ValueError):
            return (
                f"the environment variable {name} must name a file of certificates (PEM) "
                "that can be read: correct or unset it"
            )
    name = "SSL_CERT_DIR"
    value = os.environ.get(name)
    if value and not any(Path(part).is_dir() for part in value.split(os.pathsep)):
        return f"the environment variable {name} must name a directory: correct or unset it"
    return ""
