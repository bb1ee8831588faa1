"""What `nof0 traders status` shows: read from files the engine leaves behind, never from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from nof0_core.cli.output import columns
from nof0_core.domain.brakes import ActiveBrake, Brake
from nof0_core.errors import UsageError
from nof0_core.files import in_words, read_bytes
from nof0_core.manager.requests import HaltSwitch, Requests
from nof0_core.project import running_engine

if TYPE_CHECKING:
    from nof0_core.config.places import Places
    from nof0_core.ids import TraderId

MEANT = ("command", "venue_account", "trader", "symbol")
"""What a waiting request is shown by."""


def read(places: Places, chosen: Sequence[TraderId]) -> dict[str, Any]:
    """Put the picture together: state file, halt marker, waiting requests.

    Raises:
        UsageError: there is no run yet, or its state file cannot be understood.
    """
    try:
        state = json.loads(read_bytes(places.state_file))
        rows = {t: state["traders"][t] for t in chosen if t in state["traders"]}
        time = state["time"]
    except FileNotFoundError as error:
        message = f"there is no run in {places.state_dir} yet"
        raise UsageError(message, hints=("start one: nof0 run CONFIG",)) from error
    except OSError as error:
        message = f"{places.state_file} cannot be read: {in_words(error)}"
        raise UsageError(message) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"{places.state_file} is not the state file of a run"
        raise UsageError(message, hints=("the next run writes it anew",)) from error
    halt = HaltSwitch(places.state_dir).read()
    waiting = [r for r in Requests(places.state_dir).look() if r.trader in (None, *chosen)]
    return {
        "time": time,
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


def _brakes(row: dict[str, Any]) -> list[ActiveBrake]:
    return msgspec.convert(row["brakes"], list[ActiveBrake], strict=False)


def lines(document: dict[str, Any]) -> list[str]:
    """Write the picture for people."""
    engine = document["engine"]
    found = [f"as of {document['time']}, engine " + (f"process {engine}" if engine else "stopped")]
    halt = document["halt"]
    if halt is not None:
        closing = ", positions are to be closed" if halt["flatten"] else ""
        found.append(f"halted{closing}" + (f": {halt['reason']}" if halt["reason"] else ""))
    rows = [("trader", "status", "equity", "cycles", "brakes", "positions")]
    for trader, row in document["traders"].items():
        held = [f"{symbol} {size}" for symbol, size in row.get("positions", {}).items()]
        rows.append(
            (
                trader,
                row["status"],
                f"{Decimal(row['equity']):,.2f}",
                str(row["cycles"]),
                ", ".join(on.brake for on in _brakes(row)) or "-",
                ", ".join(held) or "-",
            )
        )
    found += ["", *columns(rows)]
    reasons = [
        (trader, str(on.brake), f"{on.message}, {on.end}")
        for trader, row in document["traders"].items()
        for on in _brakes(row)
        if on.brake is not Brake.HALT
    ]
    if reasons:
        found += ["", "no entries:", *columns(reasons)]
    if document["waiting"]:
        found.append("")
        found += [
            " ".join(filter(None, ("waiting:", *(r[key] for key in MEANT))))
            for r in document["waiting"]
        ]
    return found
