"""An exchange that kills the process at one step of an order's life.

`type: crashing` is the paper exchange, `type: crashing_venue` an account at Hyperliquid.

CRASH_AT is `<step>:<number>`: the step, and which time it comes by it happens. CRASH_LOG is a file
to which each order is written on its way to the venue; what the venue holds at the end of an
orderly run goes to the file beside it that ends in `.venue`.
"""

from __future__ import annotations

import json
import os
import signal
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import attrs

from nof0_core import ExchangeKind, hookimpl
from nof0_core.domain.event import OrderAnswered
from nof0_core.errors import TransientError
from nof0_core.state.recorder import Recorder
from nof0_provider_hyperliquid.config import HyperliquidExchangeConfig
from nof0_provider_sim.config import SimExchangeConfig
from nof0_provider_sim.plugin import open_exchange


class Crash:
    """Counts the steps and dies at the one it was told."""

    def __init__(self) -> None:
        step, _, number = os.environ.get("CRASH_AT", "never:0").partition(":")
        self.step, self.left = step, int(number)

    def at(self, step: str) -> None:
        if step == self.step:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def note(log, requests) -> None:
    with log.open("a") as file:
        file.writelines(f"{request.client_id}\n" for request in requests)


def kind_of(requests) -> str:
    if requests[0].trigger is not None:
        return "exit"
    return "close" if requests[0].is_reduce_only else "entry"


def open_crashing(config, env):
    return dying(open_exchange, config, env)


def open_crashing_venue(config, env):
    from nof0_provider_hyperliquid.plugin import open_exchange as open_account

    return dying(open_account, config, env)


@asynccontextmanager
async def dying(open_, config, env):
    crash, log = Crash(), Path(os.environ["CRASH_LOG"])
    async with open_(config, env) as venue:
        place, fills, leverage, report = (
            venue.place, venue.fills, venue.set_leverage, venue.report
        )  # fmt: skip
        record = Recorder.record
        last = arrived = ""

        async def dying_place(requests, *, expires_at):
            nonlocal last, arrived
            kind = kind_of(requests)
            crash.at(f"{kind} intended")
            note(log, requests)
            # A venue that does not tell executions in its answers: the engine has to ask.
            told = await place(requests, expires_at=expires_at)
            outcomes = [attrs.evolve(outcome, fills=()) for outcome in told]
            crash.at(f"{kind} sent")
            last = arrived = kind
            return outcomes

        def dying_record(self, stream, body, **options):
            """Write down what has arrived, or die before that."""
            nonlocal arrived
            if isinstance(body, OrderAnswered) and arrived:
                step, arrived = f"{arrived} answered", ""
                crash.at(step)
            return record(self, stream, body, **options)

        Recorder.record = dying_record

        def asked() -> None:
            """The first question after an order: by now its answer is in the journal."""
            nonlocal last
            was, last = last, ""
            if was:
                crash.at("exit standing" if was == "exit" else f"{was} recorded")

        async def dying_fills(since):
            asked()
            return await fills(since)

        async def dying_report():
            asked()
            return await report()

        async def dying_leverage(symbol, wanted, mode):
            crash.at("leverage")
            return await leverage(symbol, wanted, mode)

        venue.place, venue.fills = dying_place, dying_fills
        venue.set_leverage, venue.report = dying_leverage, dying_report
        try:
            yield venue
        finally:
            with suppress(TransientError):  # a venue that is asked too much
                found = await report()
                resting = {o.client_id: str(o.size) for o in found.orders}
                sizes = {p.symbol: str(p.quantity) for p in found.positions}
                log.with_suffix(".venue").write_text(json.dumps([resting, sizes]))


@hookimpl
def nof0_exchange_providers():
    return [
        ExchangeKind(
            type="crashing", config=SimExchangeConfig, open=open_crashing, summary="dies on purpose"
        ),
        ExchangeKind(
            type="crashing_venue",
            config=HyperliquidExchangeConfig,
            open=open_crashing_venue,
            summary="dies on purpose at a venue",
        ),
    ]
