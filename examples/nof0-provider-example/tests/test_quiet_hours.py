from __future__ import annotations

from datetime import timedelta

import pytest

from nof0_core import testing
from nof0_core.domain.decision import Signal, VerdictKind
from nof0_core.testing.contracts import RiskCheckContract
from nof0_provider_example.plugin import QUIET_HOURS
from nof0_provider_example.quiet_hours import QuietHours


class TestQuietHours(RiskCheckContract):
    @pytest.fixture
    def kind(self):
        return QUIET_HOURS

    @pytest.fixture
    def config(self):
        return QuietHours(first=0, last=23)


@pytest.mark.parametrize(
    ("first", "last", "hour", "vetoed"),
    [
        pytest.param(2, 4, 1, False, id="before"),
        pytest.param(2, 4, 2, True, id="first hour"),
        pytest.param(2, 4, 4, True, id="last hour"),
        pytest.param(2, 4, 5, False, id="after"),
        pytest.param(22, 3, 23, True, id="night, before midnight"),
        pytest.param(22, 3, 0, True, id="night, after midnight"),
        pytest.param(22, 3, 12, False, id="night, at noon"),
    ],
)
def test_hours(first, last, hour, vetoed):
    around = testing.context(time=testing.START + timedelta(hours=hour))
    entry = testing.decision(Signal.BUY_TO_ENTER)
    verdict = QuietHours(first=first, last=last).check(
        entry, testing.risk_context(entry, context=around)
    )
    assert (verdict.kind is VerdictKind.VETO) is vetoed
