"""Rows of tables made of the API's files: what an arena that is not ours says of its traders.

A column holds what the file says under another name; what no column has is kept in `extra`, as it
is. A row that lacks what a column must have is in the documents alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from nof0_core.exporters.sql.cleaning import clean_json
from nof0_core.exporters.sql.rows import Rows
from nof0_core.money import exactly

Json = Mapping[str, Any]
_SIDES = ("long", "short")


@exactly
def imported_rows(engine: str, collections: Mapping[str, Any]) -> tuple[Rows, int]:
    """Make the rows of imported files.

    Args:
        engine: the name they stand under.
        collections: what each document has, by its name (`trades`, `account-totals`, …).

    Returns:
        The rows, and how many entries of the files have none because they lack something.
    """
    rows = Rows(engine)
    lost = 0
    for put, entries in (
        (_put_trader, collections.get("since-inception-values", ())),
        (_put_trade, collections.get("trades", ())),
        (_put_position, _held(collections.get("positions", ()))),
    ):
        for entry in entries:
            try:
                put(rows, entry)
            except (KeyError, TypeError, ValueError, ArithmeticError, OverflowError, OSError):
                lost += 1
    analytics = {one.get("model_id"): one for one in collections.get("analytics", ())}
    lost += _put_hours(rows, collections.get("account-totals", ()), analytics)
    return rows, lost


def _put_trader(rows: Rows, row: Json) -> None:
    names = ("model_id", "inception_date")
    rows.put(
        "traders",
        trader_id=_text(row["model_id"]),
        valid_from=_moment(row["inception_date"]),
        name=_text(row["model_id"]),
        config=_rest(row, names),
        risk_params={},
    )


def _put_trade(rows: Rows, row: Json) -> None:
    names = (
        "id", "model_id", "symbol", "side", "entry_price", "exit_price", "realized_net_pnl",
        "realized_gross_pnl", "total_commission_dollars", "entry_time", "exit_time",
    )  # fmt: skip
    net = _amount(row["realized_net_pnl"])
    # The net profit is what both fills closed, and the funding between them.
    funding = net - _amount(row["entry_closed_pnl"]) - _amount(row["exit_closed_pnl"])
    if row["side"] not in _SIDES:
        raise ValueError(row["side"])
    rows.put(
        "trader_positions",
        trade_id=_text(row["id"]),
        trader_id=_text(row["model_id"]),
        provider_id="",
        symbol=_text(row["symbol"]),
        side=row["side"],
        size=abs(_amount(row["quantity"])),
        entry_price=_amount(row["entry_price"]),
        exit_price=_amount(row["exit_price"]),
        pnl=net,
        gross_pnl=_amount(row["realized_gross_pnl"]),
        fees=_amount(row["total_commission_dollars"]),
        funding=funding,
        exit_reason=None,
        opened_at=_moment(row["entry_time"]),
        closed_at=_moment(row["exit_time"]),
        extra=_rest(row, names),
    )


def _held(models: Iterable[Json]) -> Iterable[Json]:
    """Give the positions of all models, each with its model's id."""
    for model in models:
        held = model.get("positions")
        for position in held.values() if isinstance(held, Mapping) else ():
            yield {**position, "model_id": model.get("model_id")} if position else {}


def _put_position(rows: Rows, row: Json) -> None:
    names = ("model_id", "symbol", "entry_price", "commission", "entry_time")
    model, symbol = _text(row["model_id"]), _text(row["symbol"])
    quantity = _amount(row["quantity"])
    rows.put(
        "trader_positions",
        trade_id=f"{model}_{symbol}_{row['entry_oid']}",
        trader_id=model,
        provider_id="",
        symbol=symbol,
        side=_SIDES[quantity < 0],
        size=abs(quantity),
        entry_price=_amount(row["entry_price"]),
        exit_price=None,
        pnl=None,
        gross_pnl=None,
        fees=_amount(row.get("commission") or 0),
        funding=Decimal(0),
        exit_reason=None,
        opened_at=_moment(row["entry_time"]),
        closed_at=None,
        extra=_rest(row, names),
    )


def _put_hours(rows: Rows, hours: Iterable[Json], analytics: Mapping[Any, Json]) -> int:
    """Write the hours of all models, oldest first: how far each fell from its peak follows."""
    names = ("model_id", "timestamp", "dollar_equity", "sharpe_ratio")
    peaks: dict[str, Decimal] = {}
    depths: dict[str, Decimal] = {}
    newest: dict[str, dict[str, Any]] = {}
    lost = 0
    for row in sorted(hours, key=_when):
        try:
            model, equity = _text(row["model_id"]), _amount(row["dollar_equity"])
            profit = _amount(row["realized_pnl"]) + _amount(row["total_unrealized_pnl"])
            sharpe = row.get("sharpe_ratio")
            values = {
                "trader_id": model,
                "timestamp": _moment(row["timestamp"]),
                "equity": equity,
                "pnl": profit,
                "return_pct": _amount(row.get("return_pct", row["cum_pnl_pct"])),
                "sharpe_ratio": None if sharpe is None else float(_amount(sharpe)),
            }
        except (KeyError, TypeError, ValueError, ArithmeticError, OverflowError, OSError):
            lost += 1
            continue
        peak = peaks[model] = max(peaks.get(model, equity), equity)
        fall = 100 * (peak - equity) / peak if peak > 0 else Decimal(0)
        depth = depths[model] = max(depths.get(model, fall), fall)
        newest[model] = {
            **values,
            "win_rate": None,
            "max_drawdown_pct": float(depth),
            "analytics": None,
            "extra": _rest(row, names),
        }
        rows.put("trader_performance", **newest[model])
    for model, values in newest.items():
        if model in analytics:
            rows.put("trader_performance", **{**values, "analytics": clean_json(analytics[model])})
    return lost


def _when(row: Json) -> float:
    time = row.get("timestamp")
    return float(time) if isinstance(time, int | float) else 0.0


def _rest(row: Json, names: Iterable[str]) -> Any:
    """Return what no column has, as it is."""
    return clean_json({key: value for key, value in row.items() if key not in names})


def _amount(value: Any) -> Decimal:
    """Read a number with the digits it was written with."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return Decimal(str(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _moment(value: Any) -> datetime:
    return datetime.fromtimestamp(float(_amount(value)), UTC)
