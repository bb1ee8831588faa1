"""A process that does jobs: `python -m nof0_core.sweep.worker`, told what to do line by line.

It ends with whoever started it: when its input ends, it is gone at once, whatever it is doing.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import IO, Any

from nof0_core.backtest.peek import LookAheadError
from nof0_core.errors import Nof0Error, in_words
from nof0_core.redaction import READ
from nof0_core.sweep.job_run import do_job, look
from nof0_core.sweep.setting import Setting

Settings = dict[tuple[str, str, str], Setting]


def main() -> None:
    """Do what comes in on standard input, and answer on what was standard output.

    What plugins print goes to standard error, so that it cannot be taken for an answer.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin, orders), daemon=True).start()
    settings: Settings = {}
    while True:
        answers.write(json.dumps(answer_to(settings, json.loads(orders.get()))) + "\n")


def _listen(source: IO[str], orders: queue.Queue[str]) -> None:
    for line in source:
        orders.put(line)
    os._exit(0)


def answer_to(settings: Settings, order: dict[str, Any]) -> dict[str, Any]:
    """Return `{"found": …}`, or `{"error": …, "kind": …}` where it failed."""
    try:
        setting = _setting(settings, order)
        done = look if order["do"] == "look" else do_job
        return {"found": done(setting, order)}
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is this job's result
        kind = "look-ahead" if isinstance(error, LookAheadError) else "failed"
        if isinstance(error, OSError):
            kind = "disk"
        hints = "; ".join(error.hints) if isinstance(error, Nof0Error) else ""
        told = READ.out_of_sentence(in_words(error))
        return {"error": f"{told} ({hints})" if hints else told, "kind": kind}


def _setting(settings: Settings, order: dict[str, Any]) -> Setting:
    key = order["sweep"], order["data_dir"] or "", order["digest"]
    if key not in settings:
        os.chdir(order["cwd"])
        data_dir = Path(order["data_dir"]) if order["data_dir"] else None
        settings.clear()
        settings[key] = Setting(Path(order["sweep"]), data_dir=data_dir)
    return settings[key]


if __name__ == "__main__":
    main()
