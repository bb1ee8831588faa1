"""What the info endpoint tells of fills, funding and the ledger, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, text
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState


def user_fills(state: ExchangeState, account: Account, request: Json) -> list[Json]:
    """Return the newest fills, newest first."""
    rows = _aggregated(_reachable(state, account), request)
    return rows[-state.rules.fills_page :][::-1]


def user_fills_by_time(state: ExchangeState, account: Account, request: Json) -> list[Json]:
    """Return a page of the fills between two times, both inclusive.

    The oldest first, from `startTime` on; with `reversed` the newest first, from `endTime` back.
    """
    rows = _aggregated(_between(state, _reachable(state, account), request), request)
    if request.get("reversed") is True:
        rows = rows[::-1]
    return rows[: state.rules.fills_page]


def user_funding(state: ExchangeState, account: Account, request: Json) -> list[Json]:
    """Return a page of funding payments between two times, oldest first."""
    return _between(state, account.funding, request)[: state.rules.funding_page]


def ledger_updates(state: ExchangeState, account: Account, request: Json) -> list[Json]:
    """Return a page of other ledger updates between two times, oldest first."""
    return _between(state, account.updates, request)[: state.rules.funding_page]


def portfolio(state: ExchangeState, account: Account) -> list[list[object]]:
    """Return hourly worth and profit in the eight windows of the venue."""
    hours = {"day": 24, "week": 168, "month": 720, "allTime": len(account.values)}
    now = (state.now, state.worth(account), state.worth(account) - account.flows)
    answer: list[list[object]] = []
    for prefix in ("", "perp"):
        for name, count in hours.items():
            rows = [*account.values[max(0, len(account.values) - count) :], now]
            window = {
                "accountValueHistory": [[time, text(worth)] for time, worth, _ in rows],
                "pnlHistory": [[time, text(pnl - rows[0][2])] for time, _, pnl in rows],
                "vlm": text(_volume(account, rows[0][0])),
            }
            answer.append([f"{prefix}{name[0].upper()}{name[1:]}" if prefix else name, window])
    return answer


def _volume(account: Account, since: int) -> Decimal:
    recent = (each for each in account.fills if each["time"] >= since)
    return sum((Decimal(each["px"]) * Decimal(each["sz"]) for each in recent), Decimal(0))


def _reachable(state: ExchangeState, account: Account) -> list[Json]:
    until = state.now - state.rules.info_lag_ms
    rows = account.fills[-state.rules.fills_reach :]
    return [each for each in rows if each["time"] <= until]


def _between(state: ExchangeState, rows: Sequence[Json], request: Json) -> list[Json]:
    start, end = request.get("startTime", 0), request.get("endTime")
    last = state.now if end is None else end
    return [each for each in rows if start <= each["time"] <= last]


def _aggregated(rows: list[Json], request: Json) -> list[Json]:
    """Join fills of one order in one transaction where the request asks for it."""
    if request.get("aggregateByTime") is not True:
        return rows
    joined: dict[tuple[object, ...], Json] = {}
    for row in rows:
        key = (row["time"], row["coin"], row["oid"], row["hash"], row["dir"], row["crossed"])
        before = joined.get(key)
        joined[key] = row if before is None else _sum(before, row)
    return list(joined.values())


def _sum(first: Json, second: Json) -> Json:
    sizes = [Decimal(each["sz"]) for each in (first, second)]
    values = [Decimal(each["px"]) * Decimal(each["sz"]) for each in (first, second)]
    average = ((values[0] + values[1]) / (sizes[0] + sizes[1])).quantize(Decimal("1E-8"))
    return {
        **first,
        "px": text(average),
        "sz": text(sizes[0] + sizes[1]),
        **{key: text(Decimal(first[key]) + Decimal(second[key])) for key in ("fee", "closedPnl")},
    }
