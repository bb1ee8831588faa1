"""An engine under a short lease, as a process that stands still (SIGSTOP) at a point it is told.

    python tests/leased_engine.py CONFIG DATA

LEASED_STOP is `<where>:<number>:<calls>`: where (`place`, `commit`, `renew`, `cycle`), which time
it comes by there once everything is open, and how many calls of nof0's own functions later it
stops. LEASED_AHEAD is by how many seconds its clock is ahead. LEASED_EXPIRES=no takes the venue's
expiry from it. LEASED_FOR=usual leaves the lease as long as it is.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import anyio

from nof0_core import clock, config
from nof0_core.cli.report import report
from nof0_core.execution.limits import LIMITS
from nof0_core.manager.cycle import CycleRunner
from nof0_core.plugins import load_plugins
from nof0_core.protocols import Capability
from nof0_core.protocols.wrapping import ExchangeWrapper
from nof0_core.runtime import clocks
from nof0_core.runtime.assemble import assemble
from nof0_core.runtime.lease import TIMES as USUAL
from nof0_core.runtime.lease import HeldLease, LeaseTimes
from nof0_core.runtime.logs import logging_to
from nof0_core.runtime.sections import as_configured
from nof0_core.runtime.services import open_services
from nof0_core.storage.database import DatabaseSettings, Session

TIMES = LeaseTimes(length=4.0, every=1.0, entries=3.0, orders=3.5, grace=2.0)


class Stop:
    """Stops the process so many calls after it has come by a place so many times."""

    def __init__(self, told):
        self.where, number, calls = (told or "never:0:0").split(":")
        self.left, self.calls = int(number), int(calls)
        self.is_armed = False

    def at(self, where):
        if where != self.where or not self.is_armed:
            return
        self.left -= 1
        if self.left == 0:
            if not self.calls:
                self.stop()
            elif threading.current_thread() is threading.main_thread():
                sys.setprofile(self.count)

    def count(self, frame, event, _):
        if event == "call" and "nof0" in frame.f_code.co_filename:
            self.calls -= 1
            if self.calls <= 0:
                sys.setprofile(None)
                self.stop()

    @staticmethod
    def stop():
        os.kill(os.getpid(), signal.SIGSTOP)


class Venue(ExchangeWrapper):
    def __init__(self, inner, stop):
        super().__init__(inner)
        self.stop = stop

    @property
    def capabilities(self):
        taken = {Capability.EXPIRY} if os.environ.get("LEASED_EXPIRES") == "no" else set()
        return self.inner.capabilities - taken

    async def place(self, orders, *, expires_at):
        self.stop.at("place")
        return await self.inner.place(orders, expires_at=expires_at)


def passing_by(stop, where, owner, name):
    """Let a method tell that it is come by."""
    method = getattr(owner, name)

    def passed(*arguments, **named):
        if where != "commit" or "COMMIT" in arguments:
            stop.at(where)
        return method(*arguments, **named)

    setattr(owner, name, passed)


async def run(main, data):
    stop = Stop(os.environ.get("LEASED_STOP"))
    passing_by(stop, "commit", Session, "watched")
    passing_by(stop, "renew", HeldLease, "renew")
    passing_by(stop, "cycle", CycleRunner, "run")

    @asynccontextmanager
    async def wrapped(section, env):
        async with as_configured("exchange", section, env) as inner:
            yield Venue(inner, stop)

    def opener(family, section, env):
        if family == "exchange":
            return wrapped(section, env)
        return as_configured(family, section, env)

    loaded = config.load(main, load_plugins(), data_dir=data)
    driver = clocks.driving(loaded.clock, limits=LIMITS)
    with logging_to(loaded.state_dir / "nof0.log", is_verbose=False, echo=print) as log:
        async with open_services(
            loaded,
            driver,
            log=log,
            opener=opener,
            is_standby=True,
            lease_times=USUAL if os.environ.get("LEASED_FOR") == "usual" else TIMES,
        ) as services:
            engine = assemble(services, services.driver)
            stop.is_armed = True
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(end_on_signal, engine)
                await engine.run()
                tasks.cancel_scope.cancel()


async def end_on_signal(engine):
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            engine.manager.stop("terminated")


def set_clock(seconds):
    """Let the clock of this process be ahead."""
    wall = clock.Machine.wall
    clock.Machine.wall = lambda self: wall(self) + timedelta(seconds=seconds)


def be_patient():
    """Let a start wait for the database however slow the machine is; leases have other times."""
    DatabaseSettings.__init__.__kwdefaults__["timeout"] = 60.0


if __name__ == "__main__":
    be_patient()
    if ahead := float(os.environ.get("LEASED_AHEAD", "0")):
        set_clock(ahead)
    try:
        anyio.run(run, Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception as error:  # noqa: BLE001 - as the command does
        raise SystemExit(report(error, is_debug=False)) from None
