"""Founding a paper account anew on what the journal knows of it, after its file was lost.

Cash, net positions, who holds them, waiting orders and what was traded lately are as they were.
Orders that were executed and whose last answer the journal lacks are known as ended. The rest is
gone: what became of older orders, and how profit and fees added up to the cash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from pathlib import Path
from typing import Any

from nof0_core.domain.candles import to_ms
from nof0_core.domain.fill import Fill
from nof0_core.domain.margin import initial_margin
from nof0_core.domain.order import OrderStatus, TriggerKind
from nof0_core.domain.outcome import VenueOrder
from nof0_core.domain.position import MarginMode
from nof0_core.domain.restored import RestoredAccount, RestoredOrder, RestoredPosition
from nof0_core.errors import ProviderError
from nof0_core.files import in_words
from nof0_core.ids import ClientOrderId, Symbol, is_shared, owner_tag, trader_tag
from nof0_core.money import EXACT, ZERO
from nof0_provider_sim.exchange.account import PRICE_STEP
from nof0_provider_sim.exchange.draft import replaced
from nof0_provider_sim.exchange.pairs import pairs
from nof0_provider_sim.exchange.parts import Part
from nof0_provider_sim.exchange.records import OrderTaken, to_plain
from nof0_provider_sim.exchange.snapshot import pieces
from nof0_provider_sim.exchange.state import VenueState

BEFORE = ".before-restore"
"""What is put behind the name of the account's file that was there."""


def found_anew(path: Path, initial: Decimal, known: RestoredAccount) -> None:
    """Write an account's file; one that is there is kept beside it.

    Decimals must be computed in the context `EXACT`.

    Args:
        path: the account's file.
        initial: what the account was opened with, in USD.
        known: what the journal knows of it.

    Raises:
        ProviderError: it cannot be written, or is not an account of this venue.
    """
    try:
        state = founded(initial, known)
    except ValueError as error:
        msg = f"{path}: what the journal knows of the account makes none: {error}"
        raise ProviderError(msg) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if path.stat().st_size:
                path.replace(path.with_name(path.name + BEFORE))
        path.touch(mode=0o600)
        replaced(path, pieces(state)).close()
    except OSError as error:
        msg = f"{path}: the account cannot be founded anew: {in_words(error)}"
        raise ProviderError(msg, hints=("make it possible and start again",)) from error


def founded(initial: Decimal, known: RestoredAccount) -> VenueState:
    """Return the state of the account that `known` tells of.

    Raises:
        ValueError: it is none of this venue's; says why.
    """
    fills = [fill for fill in known.fills if fill.trade_id.isdecimal()]
    numbers = [int(each) for each in known.venue_order_ids if each.isdecimal()]
    positions = _positions(known.positions)
    cost = sum((Decimal(held["cost"]) for held in positions.values()), ZERO)
    state = VenueState(initial)
    state.restore(
        Part(
            {
                "at_ms": to_ms(known.time),
                "day_began_ms": [],
                "next_venue_order_id": max(numbers, default=0) + 1,
                "next_trade_id": max((int(fill.trade_id) for fill in fills), default=0) + 1,
                "partial_ms": None,
                "exposed_ms": _exposed(known.positions),
                "account": {
                    "raw_usd": str(known.raw_usd),
                    "realized": str(known.raw_usd + cost - initial),
                    "fees": "0",
                    "funding": "0",
                    "positions": positions,
                    "leverage": _leverage(known.positions),
                    "modes": {
                        each.symbol: MarginMode.ISOLATED
                        for each in known.positions
                        if each.margin_mode is MarginMode.ISOLATED
                    },
                },
                "held": _held(known.positions),
                "turnover": [],
                "waiting": _waiting(known.orders),
            },
            "account",
        )
    )
    for fill in fills:
        state.turnover(fill.client_id).add(to_ms(fill.time), fill.price * fill.size)
    state.recall(_newest(fills))
    _end(state, known)
    return state


def _end(state: VenueState, known: RestoredAccount) -> None:
    """Remember what became of orders whose last answer was lost: they will be asked for."""
    last = {fill.client_id: to_ms(fill.time) for fill in known.fills}
    for each in known.executed:
        request = each.request
        is_whole = not request.size or each.filled_size >= request.size
        order = VenueOrder(
            client_id=request.client_id,
            venue_order_id=each.venue_order_id,
            symbol=request.symbol,
            side=request.side,
            size=request.size,
            filled_size=each.filled_size,
            limit_price=request.limit_price,
            status=OrderStatus.FILLED if is_whole else OrderStatus.CANCELED,
            time=each.sent_at,
            average_price=_rounded(each.average_price),
            is_reduce_only=request.is_reduce_only,
            trigger=request.trigger,
        )
        ended_ms = last.get(request.client_id, to_ms(known.time))
        state.book.ended.add(request.client_id, partial(_told, order), ended_ms)


def _told(order: VenueOrder) -> VenueOrder:
    return order


def _rounded(price: Decimal | None) -> Decimal | None:
    return None if price is None else price.quantize(PRICE_STEP, ROUND_HALF_EVEN, EXACT)


def _newest(fills: Sequence[Fill]) -> list[Fill]:
    """Return the newest executions without a missing number among them, oldest first."""
    found: list[Fill] = []
    for fill in sorted(fills, key=lambda fill: int(fill.trade_id), reverse=True):
        if found and int(fill.trade_id) != int(found[-1].trade_id) - 1:
            break
        if found and fill.time > found[-1].time:
            break
        found.append(fill)
    return found[::-1]


def _positions(positions: Iterable[RestoredPosition]) -> dict[Symbol, dict[str, Any]]:
    """Return the net positions; opposite ones of several traders cancel out."""
    of_coin: defaultdict[Symbol, list[RestoredPosition]] = defaultdict(list)
    for each in positions:
        of_coin[each.symbol].append(each)
    found: dict[Symbol, dict[str, Any]] = {}
    for symbol, held in sorted(of_coin.items()):
        net = sum((each.quantity for each in held), ZERO)
        if not net:
            continue
        side = [each for each in held if each.quantity * net > 0]
        whole = sum((each.quantity for each in side), ZERO)
        cost = sum((each.cost for each in side), ZERO)
        if whole != net:
            cost = EXACT.divide(cost * net, whole).quantize(PRICE_STEP, ROUND_HALF_EVEN, EXACT)
        is_isolated = all(each.margin_mode is MarginMode.ISOLATED for each in side)
        own = sum((_own(each) for each in side), ZERO) if is_isolated else None
        found[symbol] = {
            "quantity": str(net),
            "cost": str(cost),
            "raw_usd": None if own is None else str(own),
        }
    return found


def _own(position: RestoredPosition) -> Decimal:
    """Return the cash of an isolated position: its margin, what was paid, and what came since."""
    margin = initial_margin(abs(position.cost), position.leverage)
    return margin - position.cost - position.fees + position.funding + position.kept_margin


def _exposed(positions: Iterable[RestoredPosition]) -> dict[Symbol, int]:
    found: dict[Symbol, int] = {}
    for each in positions:
        found[each.symbol] = max(found.get(each.symbol, 0), to_ms(each.opened_at))
    return found


def _leverage(positions: Iterable[RestoredPosition]) -> dict[Symbol, int]:
    found: dict[Symbol, int] = {}
    for each in positions:
        found[each.symbol] = max(found.get(each.symbol, 1), each.leverage)
    return found


def _held(positions: Iterable[RestoredPosition]) -> dict[Symbol, dict[str, str]]:
    found: dict[Symbol, dict[str, str]] = {}
    for each in positions:
        if not is_shared(each.trader):
            found.setdefault(each.symbol, {})[trader_tag(each.trader)] = str(each.quantity)
    return found


def _waiting(orders: Sequence[RestoredOrder]) -> list[dict[str, Any]]:
    of_owner: defaultdict[str, list[RestoredOrder]] = defaultdict(list)
    for each in orders:
        of_owner[owner_tag(each.request.client_id)].append(each)
    paired: dict[ClientOrderId, str] = {}
    for own in of_owner.values():
        paired |= pairs([each.request for each in own])
    found = []
    for each in sorted(orders, key=lambda each: int(each.venue_order_id)):
        request, trigger = each.request, each.request.trigger
        taken = OrderTaken(
            at_ms=to_ms(each.sent_at),
            venue_order_id=int(each.venue_order_id),
            client_id=request.client_id,
            symbol=request.symbol,
            side=request.side,
            size=request.size,
            limit_price=request.limit_price,
            tif=request.tif,
            is_reduce_only=request.is_reduce_only,
            trigger_kind=None if trigger is None else TriggerKind(trigger.kind),
            trigger_price=None if trigger is None else trigger.price,
            pair=paired.get(request.client_id),
            sent_ms=to_ms(each.sent_at),
            trigger_is_market=True if trigger is None else trigger.is_market,
        )
        paid = each.filled_size * (each.average_price or ZERO)
        plain = {name: value for name, value in to_plain(taken).items() if name != "is"}
        found.append(
            plain | {"filled": str(each.filled_size), "paid": str(paid), "triggered_ms": None}
        )
    return found
