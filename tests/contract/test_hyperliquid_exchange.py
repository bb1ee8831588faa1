"""Hyperliquid's exchange against the rehearsal venue: where all is well, and under each fault."""

from __future__ import annotations

import os
import zlib
from datetime import timedelta

import pytest
from hyperliquid_account import Standing, exchange_config, exchange_kind, surroundings, venue_of
from hyperliquid_desk import D

from nof0_core.testing.contracts import ExchangeContract
from nof0_provider_hyperliquid.rehearsal.accounts.user_infos import INFOS
from nof0_provider_hyperliquid.rehearsal.faults import MESSAGES, Harm

READS = (*INFOS, "meta", "exchangeStatus", "metaAndAssetCtxs")
HARMS = [harm for harm in Harm if harm not in MESSAGES and harm is not Harm.SLOW]
LONG = {Harm.SILENT_BEFORE, Harm.SILENT_AFTER}
"""What is only noticed when a second is over."""
EACH = os.environ.get("NOF0_FAULTS") == "all"
"""Whether every test is done under every fault; else under one of them each."""


class TestHyperliquidExchange(ExchangeContract):
    """The suite, on a venue in a thread of its own; an agent signs for the account."""

    @pytest.fixture
    def clock(self):
        return Standing()

    @pytest.fixture
    def venue(self, clock):
        with venue_of(clock) as venue:
            yield venue
            assert not venue.audit.duplicates

    @pytest.fixture
    def kind(self):
        return exchange_kind()

    @pytest.fixture
    def balance(self):
        return D(10_000)

    @pytest.fixture
    def config(self, venue):
        return exchange_config(venue)

    @pytest.fixture
    async def env(self, venue, clock):
        async with surroundings(venue, clock) as made:
            yield made


class TestUnderFaults(TestHyperliquidExchange):
    """The same where questions go wrong; each dex has collateral of its own.

    What becomes of orders whose answer goes wrong is in `test_lost_answers`.
    """

    @pytest.fixture(params=HARMS if EACH else [None])
    def harm(self, request):
        name = request.node.name.encode()
        return request.param or HARMS[zlib.crc32(name) % len(HARMS)]

    @pytest.fixture
    def venue(self, clock, harm):
        with venue_of(clock, mode="disabled") as venue:
            if harm in LONG:
                venue.faults.add(harm, *READS, times=1)
            else:
                # So many that the weight of a minute is never used up: this clock stands still.
                venue.faults.add(harm, *READS, chance=0.3, times=15)
            yield venue
            assert not venue.audit.duplicates

    @pytest.fixture
    def config(self, venue):
        return exchange_config(venue, http_timeout=timedelta(seconds=1))
