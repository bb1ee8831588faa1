"""The side that does what it is told: an order comes in, a line of answer goes out.

It ends with whoever started it: when its input ends, it is gone at once, whatever it is doing.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from nof0_core.backtest.peek import LookAheadError
from nof0_core.errors import Nof0Error, in_words
from nof0_core.redaction import READ

Order = dict[str, Any]
"""What is to be done, in what JSON has."""


def serve(answer_to: Callable[[Order], dict[str, Any]]) -> None:
    """Do what comes in on standard input, and answer on what was standard output.

    What plugins print goes to standard error, so that it cannot be taken for an answer.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin, orders), daemon=True).start()
    while True:
        answers.write(json.dumps(answer_to(json.loads(orders.get()))) + "\n")


def tried(work: Callable[[], Any]) -> dict[str, Any]:
    """Return `{"found": …}`, or `{"error": …, "kind": …}` where it failed."""
    try:
        return {"found": work()}
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is what came of it
        kind = "look-ahead" if isinstance(error, LookAheadError) else "failed"
        if isinstance(error, OSError):
            kind = "disk"
        hints = "; ".join(error.hints) if isinstance(error, Nof0Error) else ""
        told = READ.out_of_sentence(in_words(error))
        return {"error": f"{told} ({hints})" if hints else told, "kind": kind}


def _listen(source: IO[str], orders: queue.Queue[str]) -> None:
    for line in source:
        orders.put(line)
    os._exit(0)
