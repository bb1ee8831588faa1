"""A life told call by call: `PYTHONPATH=tests python -m world.trace SEED [FROM TO]` (seconds)."""

from __future__ import annotations

import sys

from world.driver import CHECKS
from world.life import Life
from world.loop import WorldError, live_in, now

VERBS = ("report", "place", "cancel", "order", "prove", "fills", "funding", "set_leverage")
WIDTH = 400


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")


def told(life: Life, verb: str, begin: float, end: float) -> None:
    """Print each call of a verb the engine makes between two seconds, and its answer."""
    call = getattr(life.watched, verb, None)
    if call is None:
        return

    async def and_tell(*args, **named):
        since, answer = now(), "given up"
        try:
            result = await call(*args, **named)
        except Exception as error:
            answer = repr(error)
            raise
        else:
            answer = str(result)
            return result
        finally:
            if begin <= since <= end:
                say(f"{since:8.2f} {now():8.2f} {verb} {str(args)[:WIDTH]} -> {answer[:WIDTH]}")

    setattr(life.watched, verb, and_tell)


def main(seed: int, begin: float = 0, end: float = float("inf")) -> None:
    """Live one life with all checks, and tell it."""
    life = Life(seed, 0.1, CHECKS)
    for verb in VERBS:
        told(life, verb, begin, end)
    try:
        live_in(seed, life.run)
    except WorldError as error:
        say(error)
    say(sorted(life.venue.capabilities))
    for fault in life.plan.faults:
        say(fault)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
