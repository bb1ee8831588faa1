"""Can the account bear it?"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from nof0_core.domain.decision import ALLOW, Decision, Verdict
from nof0_core.domain.margin import initial_margin, liquidation_price, maintenance
from nof0_core.domain.position import MarginMode
from nof0_core.money import HUNDRED, ONE, USD
from nof0_core.protocols.risk import RiskContext
from nof0_core.risk.costs import entry_costs, sign
from nof0_core.risk.verdicts import shrink, usd, veto

_SHOWN = Decimal("1E-8")
"""Digits a liquidation price is judged and written with."""


class Leverage:
    """Leverage is lowered to what trader and venue allow; the size stays as it is.

    The venue's cap is that of the margin tier the notional falls into.
    """

    type = "leverage"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Lower the leverage of an entry to the lowest cap."""
        instrument = context.instrument
        if not decision.signal.is_entry or instrument is None:
            return ALLOW
        own = context.limits.leverage_cap(decision.symbol)
        venue = instrument.leverage_cap(context.size_usd)
        cap = min(own, venue)
        if context.leverage <= cap:
            return ALLOW
        whose = "the trader's cap" if cap == own else "the venue's cap"
        return shrink(
            self.type,
            "leverage_capped",
            f"leverage {context.leverage} wanted, {whose} for {decision.symbol} is {cap}",
            leverage=cap,
            wanted=Decimal(context.leverage),
        )


class Margin:
    """Margin in use stays within `max_margin_usage_pct` of equity.

    Room for notional is the smaller of
    `(equity x pct - used - committed) x leverage` and what is left when fee and expected slippage
    of the entry are paid out of the same equity:
    `(equity - used - committed) / (1/leverage + fee + slippage)`.
    """

    type = "margin"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Shrink an entry to the room left; veto it if there is none."""
        if not decision.signal.is_entry:
            return ALLOW
        limits, account = context.limits, context.context.account
        taken = account.margin_used + context.committed_margin
        allowed = account.equity * limits.max_margin_usage_pct / HUNDRED - taken
        costs = entry_costs(limits)
        paid = (account.equity - taken) / (ONE / context.leverage + costs)
        room = min(allowed * context.leverage, paid)
        if context.size_usd <= room:
            return ALLOW
        if room <= 0:
            return veto(
                self.type,
                "no_margin_left",
                f"{usd(taken)} of margin is taken, "
                f"{limits.max_margin_usage_pct} % of {usd(account.equity)} allowed",
                margin_used=taken,
                equity=account.equity,
            )
        size = room.quantize(USD, ROUND_DOWN)
        return shrink(
            self.type,
            "margin_capped",
            f"{usd(context.size_usd)} wanted, margin is left for {usd(size)}",
            size_usd=size,
            wanted=context.size_usd,
            margin_used=taken,
        )


class Liquidation:
    """The stop must be reached before the account would be liquidated.

    Other positions held constant (`nof0_core.domain.margin`). Cross margin:
    available = equity - entry costs - maintenance margin of everything held, where isolated
    positions and entries approved earlier in the cycle count with their whole margin. Isolated
    margin: available = notional / leverage - entry costs - its own maintenance margin.
    """

    type = "liquidation"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto an entry whose stop lies at or beyond the liquidation price."""
        quote, instrument = context.quote, context.instrument
        if not decision.signal.is_entry or quote is None or instrument is None:
            return ALLOW
        stop = context.stop_loss
        if stop is None or context.size_usd <= 0:
            return ALLOW
        direction, mark, size = sign(decision), quote.mark, context.size_usd
        costs = entry_costs(context.limits)
        is_isolated = context.limits.margin_mode is MarginMode.ISOLATED
        backing = _bound(context) if is_isolated else _free(context)
        rule = maintenance(instrument, size)
        available = backing - size * costs - rule.margin
        price = liquidation_price(
            mark=mark, side=direction, spare_per_coin=available * mark / size, rate=rule.rate
        ).quantize(_SHOWN)
        if direction * (stop - price) > 0:
            return ALLOW
        what = "position" if is_isolated else "account"
        return veto(
            self.type,
            "stop_beyond_liquidation",
            f"the {what} would be liquidated at {price:.6g}, before the stop at {stop}",
            stop_loss=stop,
            liquidation_price=price,
        )


def _bound(context: RiskContext) -> Decimal:
    """Return the margin of the entry, which is rounded only when it is booked."""
    return initial_margin(context.size_usd, context.leverage, step=None)


def _free(context: RiskContext) -> Decimal:
    """Return the equity that nothing held and nothing approved in this cycle needs for itself.

    A cross position needs its maintenance margin; one of a coin without rules, or an isolated one,
    all it has.
    """
    left = context.context.account.equity - context.committed_margin
    for holding in context.context.account.holdings:
        instrument = context.context.instruments.get(holding.symbol)
        if instrument is None or holding.margin_mode is MarginMode.ISOLATED:
            left -= holding.margin
        else:
            left -= maintenance(instrument, holding.notional).margin
    return left
