"""How a closed trade and a point of a curve are kept in a history.

As arrays of MessagePack: fields in their order, amounts as text, times as such. The trader is not
among them: a history has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

import msgspec

from nof0_core.domain.position import ExitPlan
from nof0_core.domain.trade import ClosedTrade, TradeLeg
from nof0_core.domain.view import EquityPoint
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.ids import Symbol, TraderId
from nof0_core.state.packed import Form

_encode = msgspec.msgpack.Encoder().encode
_Leg = tuple[Decimal, datetime, str, str, bool, Decimal, bool]
_Plan = tuple[Decimal | None, Decimal | None, str]
_Trade = tuple[
    Symbol, Decimal, int, float, _Plan, _Leg, _Leg, Decimal, Decimal, Decimal, ExitReason
]
_trade = msgspec.msgpack.Decoder(_Trade)
_point = msgspec.msgpack.Decoder(tuple[datetime, Decimal, Decimal, Decimal])


def trades_of(trader: TraderId) -> Form[ClosedTrade]:
    """Return the form of a trader's closed trades."""

    def unpack(data: bytes) -> ClosedTrade:
        symbol, quantity, leverage, confidence, plan, entry, leave, gross, funding, net, reason = (
            _trade.decode(data)
        )
        return ClosedTrade(
            trader=trader,
            symbol=symbol,
            quantity=quantity,
            leverage=leverage,
            confidence=confidence,
            exit_plan=ExitPlan(
                stop_loss=plan[0], take_profit=plan[1], invalidation_condition=plan[2]
            ),
            entry=_leg(entry),
            exit=_leg(leave),
            gross_pnl=gross,
            funding=funding,
            net_pnl=net,
            reason=reason,
        )

    return Form(_pack_trade, unpack)


def _pack_trade(trade: ClosedTrade) -> bytes:
    plan = trade.exit_plan
    return _encode(
        (
            trade.symbol,
            trade.quantity,
            trade.leverage,
            trade.confidence,
            (plan.stop_loss, plan.take_profit, plan.invalidation_condition),
            _fields(trade.entry),
            _fields(trade.exit),
            trade.gross_pnl,
            trade.funding,
            trade.net_pnl,
            trade.reason,
        )
    )


def _fields(leg: TradeLeg) -> _Leg:
    return (
        leg.price,
        leg.time,
        leg.trade_id,
        leg.venue_order_id,
        leg.is_taker,
        leg.fee,
        leg.is_liquidation,
    )


def _leg(fields: _Leg) -> TradeLeg:
    price, time, trade_id, venue_order_id, is_taker, fee, is_liquidation = fields
    return TradeLeg(
        price=price,
        time=time,
        trade_id=trade_id,
        venue_order_id=venue_order_id,
        is_taker=is_taker,
        fee=fee,
        is_liquidation=is_liquidation,
    )


def _pack_point(point: EquityPoint) -> bytes:
    return _encode((point.time, point.equity, point.deposited, point.index))


def points_at(times: Iterable[datetime], point: EquityPoint) -> Iterator[bytes]:
    """Yield a point as it is kept, as of other times."""
    equity, deposited, index = point.equity, point.deposited, point.index
    return (_encode((time, equity, deposited, index)) for time in times)


def _unpack_point(data: bytes) -> EquityPoint:
    time, equity, deposited, index = _point.decode(data)
    return EquityPoint(time=time, equity=equity, deposited=deposited, index=index)


POINTS = Form(_pack_point, _unpack_point)
"""The form of the points of an equity curve."""
