"""The envelope of a signed action."""

from __future__ import annotations

from attrs import frozen

from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MalformedError

ADDRESS_LENGTH = 42


@frozen(kw_only=True)
class Envelope:
    """A request to the exchange endpoint; addresses in lower case."""

    action: Json
    kind: str
    nonce: int
    signature: Json
    vault: str | None
    expires_after: int | None


def opened(body: object) -> Envelope:
    """Read an envelope.

    Raises:
        MalformedError: if a part is missing or has the wrong type.
    """
    if not isinstance(body, dict):
        raise MalformedError
    action, signature = body.get("action"), body.get("signature")
    if not isinstance(action, dict) or not isinstance(signature, dict):
        raise MalformedError
    if not all(isinstance(signature.get(part), str) for part in ("r", "s")):
        raise MalformedError
    vault, expires = body.get("vaultAddress"), body.get("expiresAfter")
    return Envelope(
        action=action,
        kind=text_of(action, "type"),
        nonce=_natural(body.get("nonce")),
        signature={**signature, "v": _natural(signature.get("v"))},
        vault=None if vault is None else address(vault),
        expires_after=None if expires is None else _natural(expires),
    )


def address(value: object) -> str:
    """Read an address, in lower case.

    Raises:
        MalformedError: if it is none.
    """
    return hexadecimal(value, ADDRESS_LENGTH)


def hexadecimal(value: object, length: int) -> str:
    """Read a text of 0x and hexadecimal digits, `length` letters in all, in lower case.

    Raises:
        MalformedError: if it is none.
    """
    if not isinstance(value, str) or len(value) != length or value[:2] != "0x":
        raise MalformedError
    try:
        int(value, 16)
    except ValueError:
        raise MalformedError from None
    return value.lower()


def text_of(holder: Json, key: str) -> str:
    """Return a text of an object.

    Raises:
        MalformedError: if there is none.
    """
    value = holder.get(key)
    if not isinstance(value, str):
        raise MalformedError
    return value


def integer_of(holder: Json, key: str) -> int:
    """Return an integer of an object.

    Raises:
        MalformedError: if there is none.
    """
    value = holder.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedError
    return value


def flag_of(holder: Json, key: str) -> bool:
    """Return a truth value of an object.

    Raises:
        MalformedError: if there is none.
    """
    value = holder.get(key)
    if not isinstance(value, bool):
        raise MalformedError
    return value


def _natural(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**64:
        raise MalformedError
    return value
