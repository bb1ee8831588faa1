"""Models against the traders that ask them: what could never be answered is known before a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nof0_core.border.findings import checked_sentences
from nof0_core.config.asking import ask, sentence
from nof0_core.config.model import IndicatorConfig, TraderConfig
from nof0_core.config.models import Models
from nof0_core.config.references import named_in
from nof0_core.config.session import Session
from nof0_core.config.tree import find, problem
from nof0_core.domain.candles import Interval
from nof0_core.domain.model import ModelSpec
from nof0_core.domain.outlook import TraderOutlook
from nof0_core.errors import Problem
from nof0_core.plugins.env import ModelRef


def check_fit(
    session: Session,
    models: Models,
    traders: Iterable[TraderConfig],
    *,
    intervals: Sequence[Interval],
    indicators: Sequence[IndicatorConfig],
    series_bars: int,
) -> tuple[Problem, ...]:
    """Let the kind of each model say why it could not answer the traders that ask it.

    What is said of a trader's own model is returned: no cycle of that trader can come to anything.
    Of one that is asked in its place, or by it, it is a warning: others answer then.
    """
    found: list[Problem] = []
    for trader in traders:
        seen = outlook_of(
            trader, intervals=intervals, indicators=indicators, series_bars=series_bars
        )
        for spec in _asked(models, trader):
            place = find(models.table, "models", spec.name, "params")
            for fault in _faults(session, models, spec, seen):
                said = f"{trader.id} asks {spec.name}: {fault}"
                if spec.name == trader.model.name:
                    found.append(problem(place, said))
                else:
                    session.warn(place, said)
    return tuple(found)


def outlook_of(
    trader: TraderConfig,
    *,
    intervals: Sequence[Interval],
    indicators: Sequence[IndicatorConfig],
    series_bars: int,
) -> TraderOutlook:
    """Return what a trader is going to see; `indicators` are those of all traders."""
    from nof0_core.indicators import catalog

    own = indicators if trader.indicators is None else trader.indicators
    return TraderOutlook(
        trader=trader.id,
        symbols=trader.symbols,
        intervals=tuple(intervals),
        indicators=tuple(name for each in own for name in catalog.output_names(each)),
        series_bars=series_bars,
        decision_interval=trader.decision_interval,
    )


def _faults(
    session: Session, models: Models, spec: ModelSpec, seen: TraderOutlook
) -> tuple[str, ...]:
    kind = models.kinds.get(spec.name)
    check = kind.check_trader if kind is not None else None
    # With unusable params there is no whole entry to judge; that has been noted.
    if kind is None or check is None or (kind.params is not None and spec.params is None):
        return ()
    place = find(models.table, "models", spec.name)

    def read() -> tuple[str, ...]:
        return checked_sentences(check(spec, seen))

    faults = ask(session, "llm", kind, "check_trader", place, read, is_vital=False)
    return tuple(map(sentence, faults or ()))


def _asked(models: Models, trader: TraderConfig) -> Iterator[ModelSpec]:
    """Yield the models of a trader, those that its models ask included, each once."""
    waiting = [trader.model, *trader.fallbacks]
    seen: set[str] = set()
    while waiting:
        spec = waiting.pop(0)
        if spec.name in seen:
            continue
        seen.add(spec.name)
        yield spec
        names = (name for names in named_in(spec.params, ModelRef).values() for name in names)
        waiting += [models.specs[name] for name in names if name in models.specs]
