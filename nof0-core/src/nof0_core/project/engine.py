"""An engine in this process on paper accounts: how a rehearsal runs a configuration."""

from __future__ import annotations

import signal

import anyio

from nof0_core.config.model import Config
from nof0_core.errors import UsageError
from nof0_core.execution.limits import LIMITS
from nof0_core.plugins.kinds import ExchangeKind, Stake
from nof0_core.redaction import Redactor
from nof0_core.runtime import clocks
from nof0_core.runtime.assemble import assemble
from nof0_core.runtime.engine import Engine
from nof0_core.runtime.heap import share_one_arena, spared_heap
from nof0_core.runtime.logs import logging_to
from nof0_core.runtime.services import open_services


def run_on_paper(config: Config) -> str:
    """Run an engine until the process is told to end (SIGTERM, SIGINT), and return why it ended.

    Nobody is asked and nothing is shown; the log is in the data directory. To be called in the main
    thread of a process of its own.

    Raises:
        UsageError: an account is about more than paper money, or another engine runs there.
        Nof0Error: something cannot be opened.
    """
    for section in config.exchanges.values():
        kind = section.kind
        tell = kind.stake if isinstance(kind, ExchangeKind) else None
        if section.stake is not Stake.PAPER or (tell and tell(section.config) is not Stake.PAPER):
            message = f"{section.name} is no paper account: only those are traded without asking"
            raise UsageError(message)
    share_one_arena()
    return anyio.run(_run, config)


async def _run(config: Config) -> str:
    file, redactor = config.state_dir / "nof0.log", Redactor(config.secrets)
    with (
        logging_to(file, is_verbose=False, redactor=redactor, settings=config.logging) as log,
        spared_heap(),
    ):
        driver = clocks.driving(config.clock, limits=LIMITS)
        async with open_services(config, driver, log=log) as services:
            engine = assemble(services, services.driver)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_end_on_signal, engine)
                reason = await engine.run()
                tasks.cancel_scope.cancel()
    return reason


async def _end_on_signal(engine: Engine) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            engine.manager.stop(signal.Signals(number).name)
