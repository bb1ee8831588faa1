"""A look at an account that has news is urgent until one that began after them succeeds."""

from __future__ import annotations

import pytest
from hyperliquid_desk import limit

from nof0_core.errors import TransientError
from nof0_provider_hyperliquid.account.news import AccountNews
from nof0_provider_hyperliquid.transport.windows import Priority

NEWS, STATE = Priority.NEWS, Priority.STATE


def test_before_the_first_look_all_is_news():
    news = AccountNews()
    assert news.urgency() is NEWS
    news.seen(news.begin())
    assert news.urgency() is STATE


def test_what_is_told_during_a_look_is_left_for_the_next():
    news = AccountNews()
    begun = news.begin()
    news.tell()
    news.seen(begun)
    assert news.urgency() is NEWS
    news.seen(news.begin())
    assert news.urgency() is STATE
    news.seen(begun)
    assert news.urgency() is STATE, "a look that began earlier ends later"


@pytest.mark.anyio
async def test_a_report_that_fails_has_seen_nothing(seat):
    at = seat()
    at.desk.order(limit(True, "101000", "0.01", "Ioc"))

    def fail(request):
        if request["type"] == "clearinghouseState":
            message = "away"
            raise TransientError(message)

    at.client.before = fail
    with pytest.raises(TransientError):
        await at.reader.report()
    assert at.news.urgency() is NEWS
    at.client.before = lambda _: None
    await at.reader.report()
    assert at.news.urgency() is STATE
