"""Writing down what a run goes by: its configuration, and the instruments of its markets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nof0_core.config.effective import text_digest
from nof0_core.config.model import Config
from nof0_core.domain.event import ConfigLoaded, InstrumentsListed
from nof0_core.domain.fact_event import PromptTemplate
from nof0_core.domain.instrument import Instrument
from nof0_core.ids import ENGINE, Symbol
from nof0_core.market.feed import MarketFeed
from nof0_core.prompts.template import parsed
from nof0_core.redaction import Redactor
from nof0_core.runtime import compatibility
from nof0_core.state.recorder import Recorder


def record_config(config: Config, recorder: Recorder) -> None:
    """Record the configuration, unless the newest record of one is the same."""
    if recorder.state.facts.config_digest == config.digest:
        return
    body = ConfigLoaded(digest=config.digest, config=config.document, templates=_templates(config))
    recorder.record(ENGINE, body)


def _templates(config: Config) -> tuple[PromptTemplate, ...]:
    """Return the templates of all traders, in the order in which they name them first."""
    files = dict.fromkeys(
        path for t in config.traders for path in (t.system_template, t.user_template)
    )
    return tuple(
        {each.digest: each for each in (_template(config, path) for path in files)}.values()
    )


def _template(config: Config, path: Path) -> PromptTemplate:
    source = parsed(path, config.templates[path])
    return PromptTemplate(
        # A secret in a template is in every prompt as well; here it is kept out all the same.
        text=Redactor(config.secrets).known(source.text),
        digest=text_digest(source.text),
        name=source.key,
        version=source.version,
    )


def record_instruments(config: Config, recorder: Recorder, feeds: Mapping[str, MarketFeed]) -> None:
    """Record the instruments of each market that is open, where they are not what is recorded.

    They are those of the coins its traders may trade and, where venue accounts are valued with it,
    of all that is held there.
    """
    pricing = compatibility.pricing(config)
    for section in config.markets:
        used: set[Symbol] = set()
        for trader in config.traders:
            if section in (trader.market, pricing[trader.exchange]):
                used.update(trader.symbols)
        for venue_account, market in pricing.items():
            if market == section:
                used.update(p.symbol for p in recorder.state.positions(venue_account))
        found = _listed(feeds[section].instruments, used)
        if found and found != recorder.state.facts.instruments(section):
            recorder.record(ENGINE, InstrumentsListed(section=section, instruments=found))


def _listed(
    instruments: Mapping[Symbol, Instrument], used: set[Symbol]
) -> dict[Symbol, Instrument]:
    return {symbol: instruments[symbol] for symbol in sorted(used.intersection(instruments))}
