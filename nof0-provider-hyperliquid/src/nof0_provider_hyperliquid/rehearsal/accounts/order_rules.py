"""Why an order is refused, in the order in which the venue looks."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import truncated
from nof0_provider_hyperliquid.rehearsal.accounts.margin import available, max_leverage
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, OrderRequest
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import Refusal
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState
from nof0_provider_hyperliquid.rehearsal.assets import Asset

PRICE_DECIMALS = 6
PRICE_DIGITS = 5
MINIMUM = Decimal(10)
BAND = Decimal("0.8")
MANY = 1_000
MOST = 5_000
VOLUME_PER_ORDER = Decimal(5_000_000)


def is_price(asset: Asset, price: Decimal) -> bool:
    """Tell whether a price keeps the tick rule.

    Whole numbers do; others have at most 5 significant figures and 6 - `sz_decimals` decimals.
    """
    if price == price.to_integral_value():
        return True
    _, digits, exponent = price.normalize().as_tuple()
    is_fine = isinstance(exponent, int) and -exponent <= PRICE_DECIMALS - asset.sz_decimals
    return is_fine and len(digits) <= PRICE_DIGITS


def is_size(asset: Asset, size: Decimal) -> bool:
    """Tell whether a size is a whole number of lots."""
    return size == size.quantize(Decimal(1).scaleb(-asset.sz_decimals))


def refusal(
    state: ExchangeState,
    account: Account,
    request: OrderRequest,
    *,
    is_child: bool,
    replaced: Order | None = None,
) -> Refusal | None:
    """Return why an order is not taken, None if it is.

    `is_child`: it waits for its parent, so position, mark and margin are no matter yet.
    `replaced`: the order in whose place it comes.
    """
    asset = state.assets[request.asset]
    found = _form(state, account, asset, request)
    if found is None:
        found = _numbers(state, asset, request)
    if found is None and not is_child:
        found = _circumstances(state, account, asset, request, replaced)
    return found


def margin_refusal(
    state: ExchangeState,
    account: Account,
    asset: Asset,
    signed: Decimal,
    price: Decimal,
    without: Order | None = None,
) -> Refusal | None:
    """Return why a trade may not happen; only what opens or adds is looked at."""
    held = account.held(asset.name)
    after = held + signed
    if abs(after) <= abs(held) and held * after >= ZERO:
        return None
    mark, margining = state.marks[asset.name], account.margining_of(asset)
    if margining.leverage > max_leverage(asset, abs(after) * mark):
        return refusals.TIER
    if asset.name in state.capped:
        return refusals.OPEN_INTEREST
    kept = abs(held) if held * after > ZERO else ZERO
    opening = abs(after) - kept
    spare = available(account, account.pool(asset), state.marks, without)
    fee = truncated(abs(signed) * price * account.rates[0] * asset.fee_factor)
    if not margining.is_cross:
        return refusals.MARGIN if spare < opening * price / margining.leverage else None
    position = account.positions.get(asset.name)
    bound = ZERO if position is None else position.initial(mark)
    needed = (kept * mark + opening * price) / margining.leverage - bound
    loss = min(ZERO, signed * (mark - price))
    return refusals.MARGIN if spare + loss - fee < needed else None


def _form(
    state: ExchangeState, account: Account, asset: Asset, request: OrderRequest
) -> Refusal | None:
    if asset.is_delisted or asset.name not in state.marks:
        return refusals.NO_LIQUIDITY
    if request.size == ZERO and not request.is_reduce_only:
        return refusals.ZERO_SIZE
    if not is_size(asset, request.size):
        return refusals.INVALID_SIZE
    prices = [request.limit, *([request.trigger.price] if request.trigger else [])]
    if any(each == ZERO for each in prices):
        return refusals.INVALID_PRICE
    if not all(is_price(asset, each) for each in prices):
        return refusals.TICK
    allowed = min(MANY + int(account.volume / VOLUME_PER_ORDER), MOST)
    if request.is_reduce_only or request.trigger is not None:
        allowed = MANY
    elif request.tif is not None and request.tif.is_immediate:
        return None
    return refusals.MANY_ORDERS if len(account.live) >= allowed else None


def _numbers(state: ExchangeState, asset: Asset, request: OrderRequest) -> Refusal | None:
    reference = state.oracles.get(asset.name, state.marks[asset.name])
    if abs(request.limit - reference) > BAND * reference:
        return refusals.BAND
    is_exempt = request.is_reduce_only and not state.rules.has_reduce_only_minimum
    if not is_exempt and ZERO < request.size * request.limit < MINIMUM:
        return refusals.MINIMUM
    trigger = request.trigger
    if trigger is not None and trigger.is_market:
        distance = request.limit - trigger.price
        if (distance if request.is_buy else -distance) < ZERO:
            return refusals.TPSL
    return None


def _circumstances(
    state: ExchangeState,
    account: Account,
    asset: Asset,
    request: OrderRequest,
    replaced: Order | None,
) -> Refusal | None:
    held, trigger = account.held(asset.name), request.trigger
    if request.is_reduce_only:
        if held * (1 if request.is_buy else -1) >= ZERO:
            return refusals.REDUCE_ONLY
        mark = state.marks[asset.name]
        is_late = trigger is not None and trigger.fires(mark, is_buy=request.is_buy)
        return refusals.TPSL if is_late else None
    if trigger is not None:
        return None
    signed = request.size if request.is_buy else -request.size
    there = state.liquidity.get(asset.name)
    touch = there.touch(is_buy=request.is_buy) if there is not None else None
    price = request.limit
    if touch is not None:
        price = min(touch, price) if request.is_buy else max(touch, price)
    return margin_refusal(state, account, asset, signed, price, replaced)
