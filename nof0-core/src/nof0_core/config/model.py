"""The configuration after everything was checked: what the runtime builds from.

Nothing here knows about YAML. Paths are absolute, names are resolved to what they name, defaults
are filled in. `nof0_core.config.load` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from nof0_core.domain.candles import Interval
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.model import DailyBudget, ModelSpec
from nof0_core.domain.order import OrderStyle
from nof0_core.domain.quality import DEFAULT_GATES, QualityGates
from nof0_core.errors import Problem
from nof0_core.ids import Symbol, TraderId
from nof0_core.plugins.kinds import ServiceKind, Stake
from nof0_core.plugins.registry import PluginRegistry
from nof0_core.protocols import Allocator, RiskCheck


@attrs.frozen(kw_only=True)
class Place:
    """Where something stands: file as the user named it, line from 1, dotted key path."""

    file: str
    line: int
    path: str


@attrs.frozen(kw_only=True)
class Setting:
    """One key of a file and its value, defaults filled in.

    `file` is the key of the main file that names the file, `Main` for itself. `key` is the key as
    documentation has it, with `[]` and `<name>` for what is of the user's choice; `path` has the
    trader's id and names in their place. `value` can be compared with that of another reading.
    """

    file: str
    key: str
    path: str
    value: object = attrs.field(repr=False)
    place: Place
    trader: str = ""
    is_secret: bool = False


@attrs.frozen(kw_only=True)
class Section:
    """One named entry that uses a service kind, with its own structured config.

    `markets` are the names of the market sections its config refers to (defaults filled in),
    `backends` those of the backends. `opens_backends` is False where these are described only and
    never asked. `timeout` is how long one call may take at most (None: nof0's own limits alone).
    `stake` is what an exchange account is about, `account` its name for a person.
    """

    name: str
    kind: ServiceKind[Any, Any]
    config: Any
    place: Place
    markets: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    opens_backends: bool = True
    timeout: timedelta | None = None
    stake: Stake = Stake.PAPER
    account: str = ""


@attrs.frozen(kw_only=True)
class IndicatorConfig:
    """One indicator to compute on every series.

    `name` is what prompts call it, `function` a TA-Lib function in capitals, `parameters` its own
    (`timeperiod`, …). A function with several outputs gives `name`, `name_signal`, … as documented
    in `nof0_core.indicators`.
    """

    name: str
    function: str
    parameters: Mapping[str, float] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class TraderConfig:
    """One trader, with names resolved and defaults of executor.yaml applied."""

    id: TraderId
    name: str
    exchange: str
    market: str
    order_style: OrderStyle
    slippage_bps: Decimal
    system_template: Path
    user_template: Path
    model: ModelSpec
    is_baseline: bool = False
    """Whether the model is a yardstick, which rankings compare the others with."""
    decision_interval: timedelta
    decision_timeout: timedelta
    allocation_pct: Decimal
    auto_start: bool
    symbols: tuple[Symbol, ...]
    journal_dir: Path | None
    limits: RiskLimits
    stop_deadline: timedelta = timedelta(seconds=10)
    """How long a filled entry may be without its stop before it is closed."""
    quote_deadline: timedelta = timedelta(seconds=60)
    """How long a position without a stop at the venue may be without any price."""
    risk_checks: tuple[tuple[str, RiskCheck], ...] = attrs.field(default=(), eq=False)
    """Further checks of the trader as (type, check), after the built-in ones."""
    check_places: tuple[Place, ...] = ()
    """Where each of `risk_checks` stands."""
    fallbacks: tuple[ModelSpec, ...] = ()
    """Models asked, in this order, where `model` gives no answer."""
    budget: DailyBudget = DailyBudget()
    indicators: tuple[IndicatorConfig, ...] | None = None
    """Computed for this trader alone, None: those of market.yaml."""
    color: str = ""
    """How it is drawn, as `#rrggbb`; empty: whoever draws it chooses."""


@attrs.frozen(kw_only=True)
class ClockConfig:
    """`speed` None: the machine's clock. `start` is needed for a scaled or simulated clock.

    `is_lockstep`: time stands still while work is done, and jumps at that speed.
    """

    speed: float | None = None
    is_lockstep: bool = False
    start: datetime | None = None


@attrs.frozen(kw_only=True)
class TtlConfig:
    """How long answers may be cached, by how fast they change."""

    short: timedelta = timedelta(seconds=10)
    medium: timedelta = timedelta(seconds=60)
    long: timedelta = timedelta(seconds=300)


@attrs.frozen(kw_only=True)
class LoggingConfig:
    """Thresholds of the slow logs, what is written in full, and how the log file is kept.

    `level` is `debug`, `info`, `warning` or `error`, `format` `json` or `console`. A file that
    would grow beyond `max_bytes` is put aside; `keep` of those stay.
    """

    slow_sql: timedelta = timedelta(seconds=10)
    slow_redis: timedelta = timedelta(seconds=5)
    verbose_sql: bool = False
    verbose_llm: bool = False
    level: str = "info"
    format: str = "json"
    max_bytes: int = 100_000_000
    keep: int = 5


@attrs.frozen(kw_only=True)
class Config:
    """Everything a run needs.

    `state_dir` is the data directory (journal, lock, provider state); `state_file` the manager's
    state file in it; `data_path` where the API's JSON files go. `document` is the configuration as
    the journal has it (`nof0_core.config.effective`), `digest` its SHA-256, `templates` are the
    texts of all prompt templates by file. `warnings` are keys that are accepted but have no effect
    yet. Only sections that some trader uses are in `exchanges`, `markets` and `backends`.
    `misfits` say why a trader's model can answer none of its questions: the others trade all the
    same. `series_bars` is how many of the newest bars of each interval a trader sees and the
    journal keeps. `secrets` are the values of all secret keys that were read, for the redactor.
    `budget` is that of all traders together; from `budget_alert_pct` percent of any budget a person
    is told. `registry` are the plugins, those of the configuration's own files included;
    `allocation_place` is where the allocation strategy stands. `gates` are those of the ranking.
    `settings` are all keys of all files. `is_leased`: nothing is traded without a lease in the
    database.
    """

    file: Path
    name: str
    env: str
    host: str
    port: int
    data_path: Path
    state_dir: Path
    state_file: Path
    seed: int
    clock: ClockConfig
    ttl: TtlConfig
    logging: LoggingConfig
    markets: Mapping[str, Section]
    exchanges: Mapping[str, Section]
    backends: Mapping[str, Section]
    exporters: tuple[Section, ...]
    models: Mapping[str, ModelSpec]
    intervals: tuple[Interval, ...]
    indicators: tuple[IndicatorConfig, ...]
    series_bars: int
    prompt_schema_version: str | None
    max_prompt_tokens: int | None
    traders: tuple[TraderConfig, ...]
    total_equity_usd: Decimal
    reserve_pct: Decimal
    allocator: Allocator
    allocation_strategy: str
    allocation_place: Place
    rebalance_interval: timedelta
    max_concurrent_decisions: int
    decision_spread: timedelta
    update_interval: timedelta
    digest: str
    document: Mapping[str, Any] = attrs.field(eq=False, repr=False)
    templates: Mapping[Path, str] = attrs.field(eq=False, repr=False)
    registry: PluginRegistry = attrs.field(eq=False, repr=False)
    budget: DailyBudget = DailyBudget()
    budget_alert_pct: Decimal = Decimal(80)
    gates: QualityGates = DEFAULT_GATES
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)
    warnings: tuple[Problem, ...] = ()
    misfits: tuple[Problem, ...] = ()
    settings: tuple[Setting, ...] = attrs.field(default=(), eq=False, repr=False)
    is_leased: bool = False

    def indicators_of(self, trader: TraderConfig) -> tuple[IndicatorConfig, ...]:
        """Return what is computed on the series a trader sees."""
        return self.indicators if trader.indicators is None else trader.indicators
