from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from nof0_core import testing
from nof0_core.domain.decision import Signal, VerdictKind
from nof0_core.testing.contracts import RiskCheckContract
from nof0_provider_example.gross_exposure import GrossExposure
from nof0_provider_example.plugin import GROSS_EXPOSURE


class TestGrossExposure(RiskCheckContract):
    @pytest.fixture
    def kind(self):
        return GROSS_EXPOSURE

    @pytest.fixture
    def config(self):
        return GrossExposure(max_side_usd=Decimal(2100))


def seen(entry, **changes):
    """What is seen where another trader is 1,000 USD long and has 200 USD more under way."""
    mine = testing.account()
    other = attrs.evolve(testing.account(holdings=(testing.holding(),)), trader="other")
    venue = testing.venue_view(other, mine, entries=(testing.open_entry(quantity="0.002"),))
    return testing.risk_context(entry, venue=venue, **changes)


@pytest.mark.parametrize(
    ("signal", "maximum", "earlier", "kind", "size"),
    [
        pytest.param(Signal.BUY_TO_ENTER, 2200, 0, VerdictKind.ALLOW, None, id="just fits"),
        pytest.param(Signal.BUY_TO_ENTER, 2100, 0, VerdictKind.SHRINK, 900, id="some of it"),
        pytest.param(Signal.BUY_TO_ENTER, 2100, 1, VerdictKind.SHRINK, 400, id="an entry before"),
        pytest.param(Signal.BUY_TO_ENTER, 1200, 0, VerdictKind.VETO, None, id="no room"),
        pytest.param(Signal.SELL_TO_ENTER, 1000, 1, VerdictKind.ALLOW, None, id="other side"),
    ],
)
def test_what_a_side_has_is_what_everybody_holds_and_is_about_to(
    signal, maximum, earlier, kind, size
):
    entry = testing.decision(signal)
    around = seen(entry, approved=earlier * (testing.approved_entry(is_long=True),))
    verdict = GrossExposure(max_side_usd=Decimal(maximum)).check(entry, around)
    assert (verdict.kind, verdict.size_usd) == (kind, size)
