"""Why no trusted connection came about, in words that say what to do."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

_EXPIRED = 10
_NOT_YET = 9
_OTHER_HOST = (62, 64)
"""Codes of OpenSSL: no name, or no address, of the certificate is the one that was called."""
_PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
"""What OpenSSL makes of an answer that is no TLS."""


def tls_fault(causes: Sequence[BaseException], where: str) -> str:
    """Return what to say of an error that came from these, empty if it is none of TLS.

    Asking again changes nothing then.

    Args:
        causes: an error and what it came from.
        where: host and port that were called, empty where that is not known.
    """
    whose = f" of {where}" if where else ""
    # The transport wraps them in errors of the same classes that know less: the last cause tells.
    for error in reversed(causes):
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"the certificate{whose} {_unfit(error.verify_code, error.verify_message)}"
        if isinstance(error, ssl.SSLError) and error.reason in _PLAIN:
            return (
                f"what answers{' at ' + where if where else ''} does not speak TLS: write http:// "
                "instead of https:// in base_url, or name the port that does"
            )
    return ""


def _unfit(code: int, message: str) -> str:
    if code == _EXPIRED:
        return "has expired: its owner must renew it, unless this machine's clock is wrong"
    if code == _NOT_YET:
        return "is not valid yet: this machine's clock is wrong, or its owner must replace it"
    if code in _OTHER_HOST:
        return "is for another host: check base_url in llm.yaml"
    return (
        f"is not trusted ({message}): name a PEM file with the authority that signed it in the "
        "environment variable SSL_CERT_FILE"
    )
