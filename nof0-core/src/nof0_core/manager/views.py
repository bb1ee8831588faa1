"""Pictures of all accounts, for exporters, allocators and displays."""

from __future__ import annotations

from collections.abc import Mapping

from nof0_core.config.model import Config, TraderConfig
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.view import TraderView, View
from nof0_core.ids import Symbol, TraderId
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.measurements import Measurements
from nof0_core.manager.trader import Trader, TraderStatus
from nof0_core.money import ZERO
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.state.recorder import Recorder


class ViewBuilder:
    """Builds read-only pictures from the ledger at the newest marks."""

    def __init__(
        self,
        *,
        config: Config,
        recorder: Recorder,
        portfolio: Portfolio,
        traders: Mapping[TraderId, Trader],
        brakes: TraderBrakes,
        measurements: Measurements,
    ) -> None:
        self._config = config
        self._recorder = recorder
        self._portfolio = portfolio
        self._traders = traders
        self._brakes = brakes
        self._measurements = measurements

    def reload(self, config: Config) -> None:
        """Show what another configuration says from now on."""
        self._config = config

    def traders(self) -> tuple[TraderView, ...]:
        """Return all traders, in configuration order."""
        return tuple(self._trader(config) for config in self._config.traders)

    def _trader(self, config: TraderConfig) -> TraderView:
        state, running = self._recorder.state, self._traders[config.id]
        account = self._portfolio.account(config.id)
        return TraderView(
            trader=config.id,
            name=config.name,
            model=config.model.name,
            is_baseline=config.is_baseline,
            venue_account=config.exchange,
            started_at=state.standing(config.id).started_at or account.time,
            initial_capital=state.standing(config.id).initial_capital or ZERO,
            account=account,
            performance=self._portfolio.performance(config.id, account),
            status=self._status(running),
            next_cycle=None if running.is_paused else running.due,
            brakes=self._brakes.seen(config.id),
            answers=state.standing(config.id).answers,
            trouble=state.standing(config.id).trouble,
            waits_for=running.waits_for,
            pause_until=running.pause_until,
            color=config.color,
            trades=state.trades(config.id),
            equity_curve=state.curve(config.id),
        )

    def _status(self, trader: Trader) -> TraderStatus:
        if self._recorder.is_disk_full and not trader.is_paused:
            return TraderStatus.DISK_FULL
        return trader.status

    def all(self) -> View:
        """Return the whole picture."""
        quotes: dict[Symbol, Quote] = {}
        section_quotes: Mapping[Symbol, Quote]
        for section_quotes in self._portfolio.quotes.values():
            quotes.update(section_quotes)
        return View(
            seq=self._recorder.last_seq,
            time=self._recorder.clock.now(),
            traders=self.traders(),
            quotes=quotes,
            calls=self._measurements.calls(),
            duties=self._measurements.duties.all(),
            quarantine=self._measurements.quarantine.all(),
            gates=self._config.gates,
            stages=self._measurements.stage_times(),
        )
