"""A process that does jobs: `python -m nof0_core.sweep.worker`, told what to do line by line."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from nof0_core.backtest.processes.serving import Order, serve, tried
from nof0_core.sweep.job_run import do_job, look, repeat_job
from nof0_core.sweep.setting import Setting

Settings = dict[tuple[str, str, str], Setting]
_DONE = {"job": do_job, "look": look, "repeat": repeat_job}


def answer_to(settings: Settings, order: Order) -> dict[str, Any]:
    """Return `{"found": …}`, or `{"error": …, "kind": …}` where it failed."""
    return tried(lambda: _DONE[order["do"]](_setting(settings, order), order))


def _setting(settings: Settings, order: Order) -> Setting:
    key = order["sweep"], order["data_dir"] or "", order["digest"]
    if key not in settings:
        os.chdir(order["cwd"])
        data_dir = Path(order["data_dir"]) if order["data_dir"] else None
        settings.clear()
        settings[key] = Setting(Path(order["sweep"]), data_dir=data_dir)
    return settings[key]


if __name__ == "__main__":
    serve(partial(answer_to, {}))
