"""Client order ids at the venue, which calls them cloid: 128 bits in hexadecimal digits.

An id of nof0 has that form already, so it is sent as it is. What tells our orders from others' is
the register of the engine, never the form of an id.
"""

from __future__ import annotations

import re

from nof0_core.errors import RejectedError
from nof0_core.ids import ClientOrderId
from nof0_provider_hyperliquid.wire.reading import bad, shown

_CLOID = re.compile(r"0x[0-9a-fA-F]{32}")


def cloid_of(client_id: ClientOrderId) -> str:
    """Return the cloid of an order of ours.

    Raises:
        RejectedError: the id has not the form the venue wants. The SDK would let 32 letters of any
            kind pass.
    """
    if not _CLOID.fullmatch(client_id) or client_id != client_id.lower():
        message = f"{shown(client_id)} is no client order id: 0x and 32 lower-case hex digits"
        raise RejectedError(message)
    return client_id


def client_id_of(cloid: object, where: str) -> ClientOrderId | None:
    """Return the id an order was given, None if whoever placed it gave none.

    Raises:
        DataError: it is something else.
    """
    if cloid is None:
        return None
    if not isinstance(cloid, str) or not _CLOID.fullmatch(cloid):
        bad(where, f"is {shown(cloid)}, not a cloid")
    return ClientOrderId(cloid.lower())
