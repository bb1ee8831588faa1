"""A process that repeats runs for a check: `python -m nof0_core.backtest.processes.checker`."""

from __future__ import annotations

import os
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from nof0_core.backtest.one_run import Stop
from nof0_core.backtest.processes.serving import Order, serve, tried
from nof0_core.backtest.repeating import digest_of, repeat
from nof0_core.backtest.running import Plan, plan
from nof0_core.backtest.stage import Source
from nof0_core.config.loading import Reading
from nof0_core.errors import Nof0Error
from nof0_core.plugins import load_plugins

_FILE = "repeat"


def answer_to(plans: dict[str, Plan], order: Order) -> dict[str, Any]:
    """Repeat a run; what came of it is in a file of its folder."""
    return tried(lambda: do_repeat(_planned(plans, order), order))


def do_repeat(planned: Plan, order: Order) -> dict[str, Any]:
    """Repeat a plan's run up to a moment of an order, and say where what came of it is kept."""
    moment, folder = datetime.fromisoformat(order["moment"]), Path(order["folder"])
    tape = Path(order["tape"])
    again = partial(repeat, planned, moment, folder=folder, tape=tape, stop=Stop())
    found = anyio.run(again)
    file = folder / _FILE
    file.write_bytes(found.encoded())
    return {"file": str(file)}


def _planned(plans: dict[str, Plan], order: Order) -> Plan:
    """Read the configuration as who asks has it, once.

    Raises:
        Nof0Error: the files have another one, or cannot be used.
    """
    digest = order["digest"]
    if digest in plans:
        return plans[digest]
    os.chdir(order["cwd"])
    reading = Reading(Path(order["config"]), load_plugins(), data_dir=Path(order["data_dir"]))
    start, end = map(datetime.fromisoformat, order["window"])
    source = Source(data=order["data"] and Path(order["data"]), gaps=order["gaps"])
    found = plan(reading.config(), start=start, end=end, source=source, steps=order["steps"])
    if digest_of(found) != digest:
        message = f"{order['config']} has another configuration than what was run"
        raise Nof0Error(message)
    plans[digest] = found
    return found


if __name__ == "__main__":
    serve(partial(answer_to, {}))
