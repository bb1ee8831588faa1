"""What the info endpoint tells of margin and balances."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts import margin
from nof0_provider_hyperliquid.rehearsal.accounts.account import MAIN, Account, Mode
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, dollars, price, text
from nof0_provider_hyperliquid.rehearsal.accounts.modes import tokens
from nof0_provider_hyperliquid.rehearsal.accounts.position import Position
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState
from nof0_provider_hyperliquid.rehearsal.assets import Asset

TOKEN_INDEX = {MAIN: 0, "USDE": 235, "USDT0": 268, "USDH": 360}


def clearinghouse_state(state: ExchangeState, account: Account, dex: str) -> Json:
    """Return positions and margin on a dex.

    Where dexes share collateral, a dex shows no more than its positions hold; the rest is in the
    main dex's state (`dexAbstraction`) or in the spot balance (unified and portfolio mode), so
    that adding up what this says of all dexes and spot never counts a dollar twice, except that
    unified modes' spot total contains what their dexes show.
    """
    held = [each for each in account.positions.values() if each.asset.dex == dex]
    marks = state.marks
    notional = sum((each.value(marks[each.asset.name]) for each in held), ZERO)
    signed = sum((each.szi * marks[each.asset.name] for each in held), ZERO)
    cross = [each for each in held if each.is_cross]
    used = sum((dollars(each.initial(marks[each.asset.name])) for each in cross), ZERO)
    isolated = sum(
        (each.initial(marks[each.asset.name]) for each in held if not each.is_cross), ZERO
    )
    cross_value = _cross_value(state, account, dex, used)
    cross_notional = sum((each.value(marks[each.asset.name]) for each in cross), ZERO)
    cross_signed = sum((each.szi * marks[each.asset.name] for each in cross), ZERO)
    maintenance = sum(
        (margin.maintenance(each.asset, each.value(marks[each.asset.name])) for each in cross),
        ZERO,
    )
    value = cross_value + isolated
    return {
        "marginSummary": _summary(value, notional, value - signed, used + isolated),
        "crossMarginSummary": _summary(
            cross_value, cross_notional, cross_value - cross_signed, used
        ),
        "crossMaintenanceMarginUsed": text(dollars(maintenance)),
        "withdrawable": text(max(ZERO, cross_value - used)),
        "assetPositions": [
            {"type": "oneWay", "position": _position(state, account, each)} for each in held
        ],
        "time": state.now - state.rules.info_lag_ms,
    }


def spot_state(state: ExchangeState, account: Account) -> Json:
    """Return balances; in unified and portfolio mode the collateral of all dexes, marked."""
    rows = []
    for token in dict.fromkeys([*tokens(state), *account.spot]):
        total, hold = account.spot.get(token, ZERO), ZERO
        if account.mode.is_unified:
            pool = f"@{token}"
            total += margin.equity(account, pool, state.marks)
            hold = (
                margin.cross_used(account, pool, state.marks)
                + margin.isolated(account, pool, state.marks)
                + margin.reserved(account, pool)
            )
        if total or hold or token == MAIN:
            row: Json = {"coin": token, "total": text(dollars(total)), "hold": text(dollars(hold))}
            if not token.startswith("+"):  # sides of outcome markets have no index
                row["token"] = TOKEN_INDEX.get(token, 1)
            rows.append({**row, "entryNtl": "0.0"})
    answer: Json = {"balances": rows}
    if account.mode is Mode.PORTFOLIO:
        answer["portfolioMarginEnabled"] = True
    return answer


def active_asset_data(state: ExchangeState, account: Account, asset: Asset) -> Json:
    """Return leverage and what may be traded of a coin; sizes and dollars as [buy, sell]."""
    margining, mark = account.margining_of(asset), state.marks[asset.name]
    spare = max(ZERO, margin.available(account, account.pool(asset), state.marks))
    position = account.positions.get(asset.name)
    both = [spare, spare]
    if position is not None:
        both[1 if position.szi > ZERO else 0] += 2 * max(ZERO, position.initial(mark))
    lot = Decimal(1).scaleb(-asset.sz_decimals)
    kind: Json = {"type": "cross" if margining.is_cross else "isolated"}
    kind["value"] = margining.leverage
    if position is not None and not position.is_cross:
        kind["rawUsd"] = text(position.raw)
    return {
        "user": account.address,
        "coin": asset.name,
        "leverage": kind,
        "maxTradeSzs": [text((each * margining.leverage / mark) // lot * lot) for each in both],
        "availableToTrade": [text(dollars(each)) for each in both],
        "markPx": text(mark),
    }


def _cross_value(state: ExchangeState, account: Account, dex: str, used: Decimal) -> Decimal:
    token = state.collateral(dex)
    pool = account.pool_of(dex, token)
    if account.mode.is_unified:
        return used
    worth = margin.cross_equity(account, pool, state.marks)
    if pool == dex:
        return worth
    if dex:
        return used
    elsewhere = (
        dollars(each.initial(state.marks[each.asset.name]))
        for each in account.in_pool(pool)
        if each.asset.dex and each.is_cross
    )
    return worth - sum(elsewhere, ZERO)


def _summary(value: Decimal, notional: Decimal, raw: Decimal, used: Decimal) -> Json:
    return {
        "accountValue": text(value),
        "totalNtlPos": text(notional),
        "totalRawUsd": text(raw),
        "totalMarginUsed": text(used),
    }


def _position(state: ExchangeState, account: Account, position: Position) -> Json:
    asset, mark = position.asset, state.marks[position.asset.name]
    leverage: Json = {"type": "cross" if position.is_cross else "isolated"}
    leverage["value"] = position.margining.leverage
    if not position.is_cross:
        leverage["rawUsd"] = text(position.raw)
    limit = margin.liquidation_price(account, position, state.marks)
    gain = position.gain(mark)
    own = abs(position.cost) / position.margining.leverage
    return {
        "coin": asset.name,
        "szi": text(position.szi),
        "leverage": leverage,
        "entryPx": text(position.entry.quantize(Decimal(1).scaleb(asset.sz_decimals - 6))),
        "positionValue": text(position.value(mark)),
        "unrealizedPnl": text(gain),
        "returnOnEquity": text(price(gain / own)),
        "liquidationPx": None if limit is None else text(price(limit)),
        "marginUsed": text(dollars(position.initial(mark))),
        "maxLeverage": margin.max_leverage(asset, position.value(mark)),
        "cumFunding": {
            "allTime": text(position.funding_all),
            "sinceOpen": text(position.funding_open),
            "sinceChange": text(position.funding_change),
        },
    }
