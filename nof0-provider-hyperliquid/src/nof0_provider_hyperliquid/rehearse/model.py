"""Who decides in a rehearsal: enters, waits, leaves, and enters the next coin."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion
from nof0_core.ids import Symbol
from nof0_core.protocols import CompletionRequest
from nof0_provider_hyperliquid.rehearse.settings import RehearsalModelConfig

STOP = Decimal("0.01")
"""Distance of a stop from the mark, as a fraction."""
COSTS = Decimal("0.005")
"""What fees and slippage take of the way to the target, generously."""
SIZE = Decimal("0.25")
"""Of a trader's equity, where nothing says otherwise."""
LEAST = Decimal(25)
"""USD: the venue takes nothing below 10."""
CENT = Decimal("0.01")


class RehearsalModel:
    """Holds one position at a time for each trader, with the exits its limits ask for.

    Every two traders take opposite sides of the same coins, and each begins a decision after the
    one before it: the venue answers only so much in a minute. What it remembers is gone with the
    process; what is held then is closed a little later.
    """

    def __init__(self, config: RehearsalModelConfig) -> None:
        self._config = config
        self._asked: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._waited: dict[str, int] = {}

    async def complete(self, request: CompletionRequest) -> Completion:
        """Decide by what the trader holds alone; the prompt is not read."""
        context = request.context
        decision = self._decide(context)
        return Completion(
            model=request.model.name, decisions=() if decision is None else (decision,)
        )

    def _decide(self, context: DecisionContext) -> Decision | None:
        trader = context.trader
        holdings = context.account.holdings
        if holdings:
            self._held[trader] = self._held.get(trader, 0) + 1
            if self._held[trader] < self._config.hold:
                return None
            return Decision(
                signal=Signal.CLOSE, symbol=holdings[0].symbol, reasoning="it was held long enough"
            )
        self._held[trader] = 0
        places = self._config.traders
        place = places.index(trader) if trader in places else 0
        if self._waited.setdefault(trader, 0) < place % self._config.hold:
            self._waited[trader] += 1
            return None
        turn = self._asked[trader] = self._asked.get(trader, -1) + 1
        coins = [each for each in context.symbols if each in context.snapshots]
        if not coins:
            return None
        return entry(context, coins[turn % len(coins)], is_long=(turn + place) % 2 == 0)


def entry(context: DecisionContext, symbol: Symbol, *, is_long: bool) -> Decision:
    """Return an entry within the trader's limits, as far as they can be kept."""
    limits, instrument = context.limits, context.instruments[symbol]
    mark, equity = context.snapshots[symbol].quote.mark, context.account.equity
    size = max(equity * max(SIZE, limits.min_position_equity_multiple or SIZE), LEAST)
    for most in (
        limits.max_position_size_usd,
        equity * limits.max_position_equity_multiple
        if limits.max_position_equity_multiple is not None
        else None,
    ):
        size = size if most is None else min(size, most)
    needed = (4 * size / equity).to_integral_value(ROUND_UP) if equity > 0 else Decimal(1)
    leverage = min(max(int(needed), 1), limits.leverage_cap(symbol), instrument.leverage_cap(size))
    side = 1 if is_long else -1
    reward = max(limits.min_risk_reward, Decimal(1)) * Decimal("1.3")
    target = mark * (1 + side * (STOP * reward + COSTS * (reward + 1)))
    stop = instrument.round_price(mark * (1 - side * STOP))
    return Decision(
        signal=Signal.BUY_TO_ENTER if is_long else Signal.SELL_TO_ENTER,
        symbol=symbol,
        leverage=leverage,
        position_size_usd=size.quantize(CENT),
        entry_price=mark,
        stop_loss=stop if limits.stop_loss_enabled else None,
        take_profit=instrument.round_price(target) if limits.take_profit_enabled else None,
        risk_usd=(size * STOP).quantize(CENT),
        confidence=100.0,
        invalidation_condition="none: this is a rehearsal",
        reasoning="it is the turn of this coin",
    )
