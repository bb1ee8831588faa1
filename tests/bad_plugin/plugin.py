"""What the bad plugin offers: sim's market and exchange, a model, a check, an exporter, spoilt."""

from __future__ import annotations

from contextlib import asynccontextmanager

import anyio
import attrs
from spoiling import spoil

from bad_plugin.faults import Fault
from nof0_core import BackendKind, ExchangeKind, PolicyKind, ServiceKind, hookimpl, opt
from nof0_core.clock import stopwatch
from nof0_core.domain.decision import Decision, Signal, Verdict, VerdictKind
from nof0_core.domain.health import Health
from nof0_core.domain.model import Completion
from nof0_core.money import decimal
from nof0_core.protocols import (
    Capability,
    ExchangeWrapper,
    ExporterCapability,
    MarketCapability,
    ServiceCapability,
)
from nof0_provider_sim.config import SimExchangeConfig, SimMarketConfig
from nof0_provider_sim.plugin import open_exchange, open_market


class Healthy:
    """Says how it is, behind a fault; `capabilities` has the word where there is such a fault."""

    def health(self):
        how = self.fault.of("health")
        self.fault.raise_for("health", how)
        if how == "slow":
            until = stopwatch() + 0.2
            while stopwatch() < until:
                pass
        return self.fault.answer(how, (Health.OK, ""))


class Market(Healthy):
    """A recorded market behind a fault."""

    def __init__(self, inner, fault, *, is_recorded):
        self.inner = inner
        self.fault = fault
        self.capabilities = inner.capabilities if is_recorded else frozenset()
        self.capabilities |= {MarketCapability.HEALTH}
        if is_recorded:
            self.recorded = inner.recorded
            self.history = self._history

    async def instruments(self):
        return await self.fault.over("instruments", self.inner.instruments)

    async def quotes(self, symbols):
        return await self.fault.over("quotes", lambda: self.inner.quotes(symbols))

    async def candles(self, symbol, interval, end, limit):
        return await self.fault.over(
            "candles", lambda: self.inner.candles(symbol, interval, end, limit)
        )

    def _history(self, symbol, interval):
        how = self.fault.of("history")
        self.fault.raise_for("history", how)
        return self.fault.answer(how, self.inner.history(symbol, interval))


class Venue(Healthy, ExchangeWrapper):
    """A paper exchange behind a fault."""

    def __init__(self, inner, fault):
        super().__init__(inner)
        self.fault = fault

    @property
    def capabilities(self):
        return super().capabilities | {Capability.HEALTH}

    async def report(self):
        return await self.fault.over("report", self.inner.report)

    async def place(self, orders, *, expires_at):
        return await self.fault.over(
            "place", lambda: self.inner.place(orders, expires_at=expires_at)
        )

    async def cancel(self, client_ids):
        return await self.fault.over("cancel", lambda: self.inner.cancel(client_ids))

    async def order(self, client_id):
        return await self.fault.over("order", lambda: self.inner.order(client_id))

    async def fills(self, since):
        return await self.fault.over("fills", lambda: self.inner.fills(since))

    async def set_leverage(self, symbol, leverage, margin_mode):
        return await self.fault.over(
            "set_leverage", lambda: self.inner.set_leverage(symbol, leverage, margin_mode)
        )

    async def _funding(self, since):
        return await self.fault.over("funding", lambda: self.inner.funding(since))

    async def _accept_marks(self, quotes):
        told = await self.fault.over("accept_marks", lambda: self.inner.accept_marks(quotes))
        # Who does not hand over what was executed is asked for it.
        return () if "fills:" in self.fault.text else told


class Model(Healthy):
    """Enters the first coin it does not hold, and closes the first it does, in turn."""

    capabilities = frozenset({ServiceCapability.HEALTH})

    def __init__(self, fault):
        self.fault = fault

    async def complete(self, request):
        how = self.fault.of("complete")
        self.fault.raise_for("complete", how)
        answer = self.fault.answer(how, self._decide(request))
        if how == "mutate":
            for part in (request.context, request.schema, request.model):
                spoil(part)
            request.calls._noted.clear()
        return answer

    def _decide(self, request):
        context = request.context
        held = {holding.symbol for holding in context.account.holdings}
        minutes = int(context.time.timestamp()) // 60
        symbols = sorted(context.snapshots)
        symbol = symbols[minutes // 3 % len(symbols)] if symbols else ""
        decisions = ()
        if symbol in held and minutes % 2:
            decisions = (Decision(signal=Signal.CLOSE, symbol=symbol),)
        elif symbol and symbol not in held:
            mark = context.snapshots[symbol].quote.mark
            decisions = (
                Decision(
                    signal=Signal.BUY_TO_ENTER,
                    symbol=symbol,
                    leverage=3,
                    position_size_usd=decimal("600"),
                    entry_price=mark,
                    stop_loss=mark * decimal("0.99"),
                    take_profit=mark * decimal("1.04"),
                    confidence=80,
                    reasoning="it is its turn",
                ),
            )
        return Completion(model=request.model.name, decisions=decisions, chain_of_thought="turn")


class Check:
    """Allows everything, in its own way."""

    def __init__(self, fault):
        self.fault = fault

    def check(self, decision, context):
        how = self.fault.of("check")
        self.fault.raise_for("check", how)
        if how == "mutate":
            object.__setattr__(decision, "position_size_usd", decimal("90000"))
            for snapshot in context.context.snapshots.values():
                for series in snapshot.series.values():
                    close = series.candles.close
                    try:
                        close.flags.writeable = True
                        close[:] = 1
                    except ValueError:
                        pass
        return self.fault.answer(how, Verdict(kind=VerdictKind.ALLOW))


class Exporter(Healthy):
    """Keeps how far it has come."""

    capabilities = frozenset({ExporterCapability.HEALTH})

    def __init__(self, fault):
        self.fault = fault
        self.seq = 0

    async def cursor(self):
        how = self.fault.of("cursor")
        self.fault.raise_for("cursor", how)
        if how == "far":
            return 10**9
        if how == "negative":
            return -5
        return self.fault.answer(how, self.seq)

    async def export(self, events, view):
        how = self.fault.of("export")
        self.fault.raise_for("export", how)
        if how == "mutate":
            for event in events:
                object.__setattr__(event, "seq", 0)
                object.__setattr__(event, "body", None)
            object.__setattr__(view, "traders", ())
        if events:
            self.seq = events[-1].seq


class Allocator:
    """Keeps what was configured."""

    def __init__(self, fault):
        self.fault = fault

    def allocate(self, request):
        how = self.fault.of("allocate")
        self.fault.raise_for("allocate", how)
        return self.fault.answer(how, dict(request.configured))


def beside(env, fault):
    """Do in the background what a fault says, and tell what nobody wants to be told."""

    async def work():
        how = fault.of("task")
        await anyio.lowlevel.checkpoint()
        fault.raise_for("task", how)
        if how == "stays":
            with anyio.CancelScope(shield=True):
                await anyio.sleep_forever()
        if how == "floods":
            while True:
                env.alert("flood", "x" * 10_000)
                await anyio.lowlevel.checkpoint()

    if "task:" in fault.text:
        env.tasks.start("work", work)
    how = fault.of("alert")
    if how == "flood":
        for number in range(5000):
            env.alert(f"code_{number}", "all is lost")
            env.alert("lost", f"all is lost {number}")
    elif how:
        env.alert(fault.answer(how, "code"), fault.answer(how, "text"))


def opening(make):
    """Make what opens a service with a fault in opening, yielding or closing."""

    @asynccontextmanager
    async def open_it(config, env):
        fault = Fault(config.fault)
        fault.raise_for("open", fault.of("open"))
        beside(env, fault)
        async with make(config, env, fault) as service:
            yield fault.answer(fault.of("yield"), service)
            fault.raise_for("close", fault.of("close"))

    return open_it


@asynccontextmanager
async def _market(config, env, fault):
    async with open_market(config, env) as inner:
        yield Market(inner, fault, is_recorded=not config.is_asked)


@asynccontextmanager
async def _venue(config, env, fault):
    async with open_exchange(config, env) as inner:
        yield Venue(inner, fault)


@asynccontextmanager
async def _model(config, env, fault):
    yield Model(fault)


@asynccontextmanager
async def _exporter(config, env, fault):
    yield Exporter(fault)


@attrs.frozen(kw_only=True)
class MarketConfig(SimMarketConfig):
    """`is_asked`: it has no recording, and is asked for each bar."""

    fault: str = opt(default="")
    is_asked: bool = opt(default=False)


@attrs.frozen(kw_only=True)
class VenueConfig(SimExchangeConfig):
    """A paper exchange's, and the fault."""

    fault: str = opt(default="")


@attrs.frozen(kw_only=True)
class FaultConfig:
    """The fault."""

    fault: str = opt(default="")


@hookimpl
def nof0_market_providers():
    summary = "a market that goes wrong"
    kind = ServiceKind(type="bad", config=MarketConfig, open=opening(_market), summary=summary)
    return [kind]


@hookimpl
def nof0_exchange_providers():
    summary = "an exchange that goes wrong"
    return [ExchangeKind(type="bad", config=VenueConfig, open=opening(_venue), summary=summary)]


@hookimpl
def nof0_llm_backends():
    summary = "a model that goes wrong"
    kind = BackendKind(
        type="bad",
        config=FaultConfig,
        open=opening(_model),
        summary=summary,
        reads_prompt=False,
    )
    return [kind]


@hookimpl
def nof0_exporters():
    summary = "an exporter that goes wrong"
    return [ServiceKind(type="bad", config=FaultConfig, open=opening(_exporter), summary=summary)]


@hookimpl
def nof0_risk_checks():
    summary = "a check that goes wrong"
    return [
        PolicyKind(
            type="bad",
            config=FaultConfig,
            build=lambda config: Check(Fault(config.fault)),
            summary=summary,
        )
    ]


@hookimpl
def nof0_allocators():
    summary = "an allocator that goes wrong"
    return [
        PolicyKind(
            type="bad",
            config=FaultConfig,
            build=lambda config: Allocator(Fault(config.fault)),
            summary=summary,
        )
    ]
