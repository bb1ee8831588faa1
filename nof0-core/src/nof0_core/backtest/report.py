"""The report of a backtest as JSON: equal for equal inputs, to the byte."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nof0_core.backtest.figures import trader_row
from nof0_core.backtest.look_ahead import LookAhead
from nof0_core.backtest.market_facts import CoinFacts
from nof0_core.backtest.one_run import Lived
from nof0_core.backtest.result import BacktestResult, TraderResult
from nof0_core.backtest.sources import code_of, versions_of
from nof0_core.backtest.window import Window
from nof0_core.config.effective import text_digest
from nof0_core.config.model import Config
from nof0_core.disk import replace_durably
from nof0_core.money import plain
from nof0_core.version import VERSION

FORMAT = 1


def make_report(
    config: Config,
    window: Window,
    lived: Lived,
    traders: tuple[TraderResult, ...],
    *,
    is_complete: bool,
    ended: str,
    assumptions: tuple[str, ...],
    flags: tuple[str, ...],
    look_ahead: LookAhead | None,
) -> dict[str, Any]:
    """Return what `report.json` says; nothing in it depends on when or where it was made.

    `config` is as the user has it, before anything was replaced.
    """
    report: dict[str, Any] = {
        "format": FORMAT,
        "window": {"from": window.start.isoformat(), "to": window.end.isoformat()},
        "is_complete": is_complete,
        "ended": ended,
        "seed": config.seed,
        "settings": config.document,
        "versions": {"nof0-core": VERSION, **versions_of(config)},
        "cycles": {str(k): v for k, v in sorted(lived.log.statuses.items())},
        "alerts": dict(sorted(lived.log.alerts.items())),
        "assumptions": list(assumptions),
        "flags": list(flags),
        "look_ahead": None
        if look_ahead is None
        else {
            "moments": [moment.isoformat() for moment in look_ahead.moments],
            "cycles_compared": look_ahead.cycles,
        },
        "coins": [_coin(one) for one in lived.coins],
        "traders": [trader_row(one, window.start) for one in traders],
    }
    digests = {
        "data": _digest(sorted(lived.data.items())),
        "configuration": config.digest,
        "prompts": _digest(sorted(text_digest(text) for text in config.templates.values())),
        "code": code_of(config),
    }
    report["digests"] = digests
    report["digests"] = {**digests, "result": _digest(report)}
    return report


def text_of(report: Mapping[str, Any]) -> str:
    """Write a report as its file has it."""
    return json.dumps(report, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Put a report in its place as a whole."""
    replace_durably(path, text_of(report).encode())


TRADE_COLUMNS = (
    "trader",
    "coin",
    "side",
    "quantity",
    "leverage",
    "entry_time",
    "entry_price",
    "exit_time",
    "exit_price",
    "gross_pnl",
    "fees",
    "funding",
    "net_pnl",
    "exit_reason",
    "confidence",
)


def write_trades(path: Path, result: BacktestResult) -> None:
    """Write all closed trades as CSV, by the time they closed; amounts in USD, times in UTC."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(TRADE_COLUMNS)
    lines.writerows(row for _, row in sorted(_trade_rows(result), key=lambda pair: pair[0]))
    replace_durably(path, text.getvalue().encode())


def _trade_rows(result: BacktestResult) -> Iterator[tuple[Any, list[object]]]:
    for one in result.traders:
        for number, trade in enumerate(one.trades):
            yield (
                (trade.exit.time, str(one.trader), number),
                [
                    one.trader,
                    trade.symbol,
                    "long" if trade.is_long else "short",
                    plain(abs(trade.quantity)),
                    trade.leverage,
                    trade.entry.time.isoformat(),
                    plain(trade.entry.price),
                    trade.exit.time.isoformat(),
                    plain(trade.exit.price),
                    plain(trade.gross_pnl),
                    plain(trade.fees),
                    plain(trade.funding),
                    plain(trade.net_pnl),
                    str(trade.reason),
                    trade.confidence,
                ],
            )


def _coin(one: CoinFacts) -> dict[str, Any]:
    return {
        "market": one.section,
        "coin": one.symbol,
        "resolution": one.resolution,
        "first_price": one.first,
        "last_price": one.last,
        "return_pct": one.return_pct,
        "bars": one.bars,
        "missing_bars": one.missing,
        "hours": one.hours,
        "recorded_funding_rates": one.rates,
    }


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
