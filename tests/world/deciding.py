"""What the traders of a life want, approved by the real risk gate."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.limits import RiskLimits
from nof0_core.ids import cycle_id
from nof0_core.risk.gate import RiskGate
from nof0_core.testing import samples
from nof0_core.testing.environment import START
from nof0_core.testing.market import INSTRUMENTS

MAX_DATA_AGE = timedelta(seconds=60)
LIMITS = RiskLimits(max_data_age=MAX_DATA_AGE, min_risk_reward=D(1))
SNAPSHOTS = {symbol: samples.snapshot(symbol) for symbol in INSTRUMENTS}


class Deciding:
    """Draws decisions and lets the gate judge them on the prices of now."""

    def __init__(self, rng, clock, truth) -> None:
        self.rng, self.clock, self.truth = rng, clock, truth
        self.cycles = 0
        self.leaning = {symbol: rng.choice((1, -1)) for symbol in INSTRUMENTS}

    def approve(self, state, venue_account, trader, quotes):
        """Return what a trader wants now, as far as the gate approves."""
        now = self.clock.now()
        self.cycles += 1
        context = attrs.evolve(
            samples.context(time=now, snapshots={}, limits=LIMITS),
            trader=trader,
            cycle=cycle_id(trader, now + timedelta(microseconds=self.cycles)),
            symbols=tuple(quotes),
            snapshots={s: attrs.evolve(SNAPSHOTS[s], time=now, quote=q) for s, q in quotes.items()},
            instruments={s: INSTRUMENTS[s] for s in quotes},
            started_at=START - timedelta(days=1),
            account=state.account(
                venue_account, trader, {s: q.mark for s, q in quotes.items()}, now, INSTRUMENTS
            ),
        )
        decisions = [
            one for s in self.rng.sample(sorted(quotes), 2) for one in self._decide(context, s)
        ]
        _, approved = RiskGate().judge(decisions, context)
        for one in approved:
            if one.decision.signal.is_entry:
                self.truth.approve(one, quotes[one.decision.symbol].time, one.stop_loss)
        return approved

    def _decide(self, context, symbol):
        if context.holding(symbol) is None:
            return [self._entry(context, symbol)]
        is_bored = self.rng.random() < 0.3
        if not is_bored:
            return []
        # Half of them enter again at once, on either side.
        close, turns = Decision(signal=Signal.CLOSE, symbol=symbol), self.rng.random() < 0.5
        return [close, self._entry(context, symbol)] if turns else [close]

    def _entry(self, context, symbol):
        sign = self.leaning[symbol] * self.rng.choice((1, 1, 1, 1, -1))
        mark = context.snapshots[symbol].quote.mark
        stop = D(self.rng.randrange(30, 300)) / 10_000
        return samples.decision(
            Signal.BUY_TO_ENTER if sign > 0 else Signal.SELL_TO_ENTER,
            symbol=symbol,
            leverage=self.rng.randrange(1, 6),
            position_size_usd=D(self.rng.randrange(50, 1500)),
            entry_price=mark,
            stop_loss=mark * (1 - sign * stop),
            take_profit=mark * (1 + sign * 4 * stop),
        )
