"""Putting another configuration in force, in everything that goes by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from functools import partial

import attrs

from nof0_core.config.model import Config
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.ids import TraderId
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.manager import Manager
from nof0_core.manager.trader import Trader
from nof0_core.manager.views import ViewBuilder
from nof0_core.runtime.facts import record_config
from nof0_core.runtime.services import Services
from nof0_core.runtime.trader_parts import TraderParts, make_parts


@attrs.frozen(kw_only=True)
class InForce:
    """Everything in an engine that goes by what may change while it runs.

    `terms` are shared by all venue accounts.
    """

    services: Services
    manager: Manager
    traders: Mapping[TraderId, Trader]
    terms: MutableMapping[TraderId, OrderPolicy]
    brakes: TraderBrakes
    views: ViewBuilder

    def prepare(self, running: Config, found: Config) -> Callable[[], None]:
        """Make all that goes by `found` instead of `running`, which have the same traders.

        Nothing has changed then. What is returned puts it in force, while nobody decides; it raises
        `JournalError`, and nothing has changed, where it cannot be written down.
        """
        services = self.services
        backends = services.connections.backends
        parts = make_parts(found, backends, services.driver, services.recorder.log)
        return partial(self._put, running, found, parts)

    def _put(self, running: Config, found: Config, parts: Mapping[TraderId, TraderParts]) -> None:
        services, recorder = self.services, self.services.recorder
        record_config(found, recorder)
        recorder.commit()
        services.checkpoints.reload(found.digest)
        services.budget.reload(
            total=found.budget,
            traders={trader.id: trader.budget for trader in found.traders},
            alert_pct=found.budget_alert_pct,
            spending=recorder.state.spending,
        )
        self.views.reload(found)
        before = {trader.id: trader.decision_interval for trader in running.traders}
        for name, part in parts.items():
            self.terms[name] = part.terms
            trader = self.traders[name]
            trader.config, trader.maker, trader.sight = part.config, part.maker, part.sight
            if part.config.decision_interval != before[name]:
                self.manager.plan_cycle(trader)
        # Last: what it trips or takes off goes by all that is new.
        self.brakes.reload(
            {trader.id: trader for trader in found.traders},
            judged=[name for name, trader in self.traders.items() if not trader.waits_for],
        )
