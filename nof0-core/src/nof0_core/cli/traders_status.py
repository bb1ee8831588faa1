"""What `nof0 traders status` shows: what the engine has exported, never the engine itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nof0_core.cli.output import columns, paragraph, terminal_width
from nof0_core.errors import UsageError
from nof0_core.manager.requests import HaltSwitch, Requests
from nof0_core.project import running_engine
from nof0_core.project.results import Results, read_results

if TYPE_CHECKING:
    from nof0_core.config.places import Places
    from nof0_core.ids import TraderId

HEADS = ("trader", "name", "status", "equity", "return", "usable", "failed", "positions")
LEAVES = (4, 5, 1, 6)
"""Columns that go on a narrow terminal, first to last."""
FAILED = HEADS.index("failed")
MEANT = ("command", "venue_account", "trader", "symbol")
"""What a waiting request is shown by."""


def read(places: Places, chosen: Sequence[TraderId]) -> dict[str, Any]:
    """Put the picture together: what was exported last, halt marker, waiting requests.

    Raises:
        UsageError: there is no run yet, or what it exported cannot be used.
    """
    found = read_results(places.api_dir, ("status", "leaderboard", "positions"))
    if "status" not in found.written:
        message = f"there is no run in {places.state_dir} yet"
        raise UsageError(message, hints=("start one: nof0 run CONFIG",))
    try:
        rows = _rows(found, chosen)
        status = found.rows("status")
        time = datetime.fromtimestamp(status["heartbeat"], UTC).isoformat()
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        message = f"the files in {places.api_dir} are not those of the `json` exporter: {error!r}"
        raise UsageError(message, hints=("the next run writes them anew",)) from error
    halt = HaltSwitch(places.state_dir).read()
    waiting = [r for r in Requests(places.state_dir).look() if r.trader in (None, *chosen)]
    return {
        "time": time,
        "export": found.export,
        "status": status,
        "engine": running_engine(places.state_dir),
        "halt": None
        if halt is None
        else {
            "time": halt.time.isoformat() if halt.time is not None else None,
            "reason": halt.reason,
            "flatten": halt.is_flatten,
        },
        "traders": rows,
        "waiting": [
            {
                "id": r.id,
                "command": r.command,
                "trader": r.trader,
                "symbol": r.symbol,
                "venue_account": r.venue_account,
            }
            for r in waiting
        ],
    }


def _rows(found: Results, chosen: Sequence[TraderId]) -> dict[str, dict[str, Any]]:
    """Join what status, ranking and positions say of the traders that were exported."""
    ranking = {row["id"]: row for row in found.rows("leaderboard")}
    held = {row["model_id"]: row["positions"] for row in found.rows("positions")}
    return {
        row["id"]: {
            **row,
            "equity": ranking[row["id"]]["equity"],
            "return_pct": ranking[row["id"]]["return_pct"],
            "positions": {coin: p["quantity"] for coin, p in held.get(row["id"], {}).items()},
        }
        for row in found.documents["status"]["traders"]
        if row["id"] in chosen
    }


def held_as(symbol: str, quantity: float) -> str:
    """Write a position as the other tables do: `BTC 0.4`, `DOGE short 3923`."""
    from nof0_core.cli.exported import shown_number

    return f"{symbol} {'short ' if quantity < 0 else ''}{shown_number(abs(quantity))}"


def lines(document: dict[str, Any], width: int | None = None) -> list[str]:
    """Write the picture for people, in so many letters; None: however long it is."""
    engine, status = document["engine"], document["status"]
    process = f"process {engine}" if engine else "no process"
    why = f": {status['reason']}" if status["reason"] else ""
    time = f"{datetime.fromisoformat(document['time']):%Y-%m-%d %H:%M:%S} UTC"
    found = [paragraph(f"as of {time}, engine {status['state']}, {process}{why}")]
    halt = document["halt"]
    if halt is not None:
        closing = ", positions are to be closed" if halt["flatten"] else ""
        reason = f": {halt['reason']}" if halt["reason"] else ""
        found.append(paragraph(f"halted{closing}{reason}"))
    found += [paragraph(f"note: {note}") for note in status.get("notes", ())]
    rows: list[tuple[str, ...]] = [HEADS]
    for trader, row in document["traders"].items():
        held = [held_as(symbol, size) for symbol, size in row["positions"].items()]
        failed = [f"{word} {count}" for word, count in row["failed_by_reason"].items()]
        rows.append(
            (
                trader,
                row["name"],
                row["status"],
                f"{row['equity']:,.2f}",
                f"{row['return_pct']:+.2f} %",
                f"{row['usable_answers']}/{row['cycles']}",
                ", ".join(failed) or "-",
                ", ".join(one.replace(" ", "\N{NO-BREAK SPACE}") for one in held) or "-",
            )
        )
    if all(row[FAILED] == "-" for row in rows[1:]):
        rows = [row[:FAILED] + row[FAILED + 1 :] for row in rows]
    leaves = [at for at in LEAVES if at < len(rows[0]) - 1]
    found += ["", *columns(rows, width=width, leaves=leaves)]
    reasons = [
        (trader, row["status"], row["reason"])
        for trader, row in document["traders"].items()
        if row["reason"]
    ]
    if reasons:
        found += ["", "why:", *columns(reasons, width=terminal_width())]
    if document["waiting"]:
        found.append("")
        found += [
            " ".join(filter(None, ("waiting:", *(r[key] for key in MEANT))))
            for r in document["waiting"]
        ]
    return found
