from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from nof0_core.documents.seen_price import has_price, seen_price
from nof0_core.ids import Symbol
from nof0_core.market.record import encode
from nof0_core.testing import samples

BTC, ETH = Symbol("BTC"), Symbol("ETH")


@pytest.fixture(params=["fresh", "read back"])
def record(request):
    """A market as the engine records it, before and after it went through the journal."""
    raw = msgspec.Raw(encode({BTC: samples.snapshot()}))
    return raw if request.param == "fresh" else msgspec.json.decode(raw)


def test_the_mark_is_read_without_losing_digits(record):
    assert has_price(record, BTC)
    assert seen_price(record, BTC) == samples.snapshot().quote.mark
    assert isinstance(seen_price(record, BTC), Decimal)


def test_a_coin_that_was_not_looked_at_has_no_price(record):
    assert not has_price(record, ETH)
    assert seen_price(record, ETH) is None
