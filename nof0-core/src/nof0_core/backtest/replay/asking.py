"""What a trader of a recorded configuration asks and judges with: the engine's own parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from nof0_core.backtest.replay.case import Case, Known, loaded_of
from nof0_core.clock import Clock, SimulatedClock
from nof0_core.config.recorded import RecordedTrader, recorded_trader
from nof0_core.decision import DecisionMaker
from nof0_core.decision.maker import PromptSource
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.event import ConfigLoaded
from nof0_core.domain.model import Prompt
from nof0_core.errors import UsageError
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.ids import TraderId
from nof0_core.plugins.registry import PluginRegistry
from nof0_core.prompts import PromptBook
from nof0_core.prompts.coins import CoinViews
from nof0_core.protocols import LLMBackend
from nof0_core.risk.gate import RiskGate
from nof0_core.runtime.trader_parts import terms_of


@attrs.frozen(kw_only=True, eq=False)
class Desk:
    """A trader as it was: its configuration, its templates, its risk gate, how it orders.

    `texts` are those of its templates, by file. `lacks` says which of them the journal does not
    have, empty where it has both.
    """

    trader: RecordedTrader
    texts: Mapping[Path, str]
    book: PromptBook
    gate: RiskGate
    policy: OrderPolicy
    lacks: str = ""


LACKING = "--template FILE shows what would be asked with another in its place"
"""What can be done where a template is not there."""


class Desks:
    """Makes them, each once for as long as a configuration was in force."""

    def __init__(self, registry: PluginRegistry) -> None:
        self._registry = registry
        self._coins: dict[str, CoinViews] = {}
        self._made: dict[tuple[str, TraderId], Desk | UsageError] = {}

    def of(self, known: Known, trader: TraderId) -> Desk:
        """Return that of a trader.

        Raises:
            UsageError: its configuration cannot be used here, such as without a plugin; says why.
        """
        loaded = loaded_of(known)
        key = (loaded.digest, trader)
        if key not in self._made:
            try:
                self._made[key] = self._make(loaded, trader)
            except UsageError as error:
                self._made[key] = error
        found = self._made[key]
        if isinstance(found, UsageError):
            raise found
        return found

    def _make(self, loaded: ConfigLoaded, name: TraderId) -> Desk:
        trader = recorded_trader(loaded.config, name, self._registry)
        texts = {each.digest: each.text for each in loaded.templates}
        files = (trader.system, trader.user)
        known = {one.file: texts[one.digest] for one in files if one.digest in texts}
        lacking = [
            f"{one.file} (digest {one.digest[:12]}…)" for one in files if one.file not in known
        ]
        return Desk(
            trader=trader,
            texts=known,
            book=book_of(trader, known, self._coins_of(trader)),
            gate=RiskGate(trader.config.risk_checks),
            policy=terms_of(trader.config),
            lacks=f"the template {', '.join(lacking)} is not in the journal" if lacking else "",
        )

    def _coins_of(self, trader: RecordedTrader) -> CoinViews:
        """Return what traders share that look at the same indicators: it is written out once."""
        return self._coins.setdefault(repr(trader.indicators), CoinViews.of(trader.indicators))


def book_of(
    trader: RecordedTrader, texts: Mapping[Path, str], coins: CoinViews | None = None
) -> PromptBook:
    """Make the book of a trader's templates, of texts by file; `coins` may be shared."""
    return PromptBook(
        trader.system.file,
        trader.user.file,
        trader.schema_version,
        max_tokens=trader.max_prompt_tokens,
        indicators=trader.indicators,
        intervals=trader.intervals,
        coins=coins or CoinViews.of(trader.indicators),
        texts=texts,
    )


def maker_of(
    desk: Desk,
    backend: LLMBackend,
    case: Case,
    *,
    prompts: PromptSource | None = None,
    clock: Clock | None = None,
) -> DecisionMaker:
    """Make what decides for a trader, at the time of a cycle.

    Args:
        desk: the trader.
        backend: who answers.
        case: the cycle.
        prompts: another source of prompts than its templates.
        clock: another clock than one that stands at the cycle's time.
    """
    return DecisionMaker(
        # Nobody stands in: what was recorded is the end of the chain.
        trader=attrs.evolve(desk.trader.config, fallbacks=()),
        backend=backend,
        gate=desk.gate,
        prompts=prompts or desk.book,
        clock=clock or SimulatedClock(case.body.account.time),
    )


class FixedPrompt:
    """A prompt that was rendered already."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt

    def render(self, context: DecisionContext, *, trader_name: str) -> Prompt:  # noqa: ARG002 - protocol
        """Return it."""
        return self._prompt
