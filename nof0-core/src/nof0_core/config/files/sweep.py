"""The file of a sweep: what is varied, over which periods, and how it is searched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import attrs

from nof0_core.config.fields import opt
from nof0_core.config.structure import Raw

SEARCHES = ("grid", "list", "tpe")
OBJECTIVES = ("return_pct", "net_return_pct", "sharpe_daily", "max_drawdown_pct")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


def _check_name(text: str) -> None:
    if not set(text) <= _NAME or text.startswith(("-", "_")):
        message = "names a folder: lower-case letters, digits, - and _, a letter or digit first"
        raise ValueError(message)


@attrs.frozen(kw_only=True)
class WindowEntry:
    """One period of history."""

    start: datetime = opt(key="from", help="first moment")
    end: datetime = opt(key="to", help="last moment")


@attrs.frozen(kw_only=True)
class WalkForwardEntry:
    """Periods that follow each other: chosen on one, judged on the next."""

    start: datetime | None = opt(default=None, key="from", help="default: where history begins")
    end: datetime | None = opt(default=None, key="to", help="default: where history ends")
    train: timedelta = opt(gt=timedelta(0), help="how long each choice is made on")
    test: timedelta = opt(gt=timedelta(0), help="how long it is judged on, right after that")
    step: timedelta | None = opt(
        default=None, gt=timedelta(0), help="from one choice to the next; default: test"
    )


@attrs.frozen(kw_only=True)
class RangeEntry:
    """Numbers from `low` to `high`, both included."""

    low: Decimal = opt(help="the least")
    high: Decimal = opt(help="the largest")
    step: Decimal | None = opt(default=None, gt=0, help="from one to the next; grids need it")
    log: bool = opt(default=False, help="tpe: looks at ratios instead of differences")

    def __attrs_post_init__(self) -> None:
        """Refuse a range without numbers, and one that is contradictory."""
        if self.high < self.low:
            message = f"high: must be >= low ({self.low}), got {self.high}"
            raise ValueError(message)
        if self.log and (self.step is not None or self.low <= 0):
            message = "log: takes no step, and a low above 0"
            raise ValueError(message)


@attrs.frozen(kw_only=True)
class PromptEntry:
    """A pair of prompt templates; one that is left out is as configured."""

    system: str = opt(default="", help="template of the system prompt")
    user: str = opt(default="", help="template of the user prompt")


@attrs.frozen(kw_only=True)
class VariantEntry:
    """One variant of `search: list`; what is left out is as configured."""

    model: Raw | None = opt(default=None, help="entry of llm.yaml")
    prompt: Raw | None = opt(default=None, help="template, or {system, user}")
    parameters: Mapping[str, Raw] = opt(factory=dict, help="key of the configuration: value")


@attrs.frozen(kw_only=True)
class SweepFile:
    """Many backtests: models × prompts × parameters × windows × seeds."""

    config: Path = opt(help="the configuration that is varied: its main file")
    name: str = opt(
        default="", check=_check_name, help="folder in sweeps/; default: that of the file"
    )
    traders: tuple[Raw, ...] = opt(default=(), help="who takes part; default: all")
    search: str = opt(default="grid", one_of=SEARCHES, help="how variants are chosen")
    models: tuple[Raw, ...] = opt(default=(), help="entries of llm.yaml, for each trader")
    prompts: tuple[Raw, ...] = opt(default=(), help="templates, or mappings {system, user}")
    parameters: Mapping[str, Raw] = opt(
        factory=dict, help="key of the configuration: list of values, or {low, high, step, log}"
    )
    variants: tuple[Raw, ...] = opt(
        default=(), help="search: list: mappings {model, prompt, parameters}"
    )
    windows: tuple[Raw, ...] = opt(default=(), help="list of {from, to}; default: all history")
    walk_forward: Raw | None = opt(default=None, help="{from, to, train, test, step}")
    seeds: tuple[int, ...] = opt(default=(), help="values of `Seed`; default: as configured")
    objective: str = opt(
        default="sharpe_daily", one_of=OBJECTIVES, help="what is best: most, of drawdowns the least"
    )
    trials: int = opt(
        default=100, ge=1, le=100_000, help="search: tpe: how many variants are tried"
    )
    batch: int = opt(
        default=4, ge=1, le=1000, help="search: tpe: variants chosen at a time, whoever runs them"
    )
    data: Path | None = opt(default=None, help="directory of candle files, in place of all markets")
    gaps: str | None = opt(
        default=None, one_of=("refuse", "allow"), help="where bars are missing; as configured"
    )
    moments: int = opt(
        default=8, ge=1, le=8, help="at how many moments the future is exchanged, per treatment"
    )
    workers: int | None = opt(
        default=None, ge=1, le=1024, help="local processes; default: one for each core"
    )
    time_limit: timedelta = opt(
        default=timedelta(hours=1), gt=timedelta(0), help="of one backtest, in real time"
    )
    scheduler: str = opt(
        default="", help="address of a Dask scheduler, such as tcp://10.0.0.5:8786"
    )
