"""`manager.yaml`: capital, traders, monitoring."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import attrs

from nof0_core.config.fields import opt
from nof0_core.config.structure import Raw


@attrs.frozen(kw_only=True)
class RiskParams:
    """Limits of one trader; what is left out comes from executor.yaml."""

    max_positions: int | None = opt(
        default=None, ge=1, help="open at a time; default: executor.yaml's"
    )
    max_position_size_usd: Decimal | None = opt(
        default=None, gt=0, unit="USD", help="notional above which an entry is made smaller"
    )
    max_margin_usage_pct: Decimal = opt(
        default=Decimal(100), gt=0, le=100, unit="%", help="share of equity that may be margin"
    )
    major_coin_leverage: int | None = opt(
        default=None, ge=1, le=1000, help="highest for major coins; default: executor.yaml's"
    )
    altcoin_leverage: int | None = opt(
        default=None, ge=1, le=1000, help="highest for other coins; default: executor.yaml's"
    )
    major_coins: tuple[str, ...] | None = opt(
        default=None, help="coins under major_coin_leverage; default: executor.yaml's"
    )
    min_risk_reward_ratio: Decimal | None = opt(
        default=None, ge=0, help="reward per risk, after costs; default: executor.yaml's"
    )
    min_confidence: float | None = opt(
        default=None, ge=0, le=100, help="of an entry; default: executor.yaml's"
    )
    stop_loss_enabled: bool = opt(default=True, help="every entry needs a stop")
    take_profit_enabled: bool = opt(default=True, help="every entry needs a target")


@attrs.frozen(kw_only=True)
class ExecGuards:
    """Further limits of one trader; each is off unless written, or has the default shown."""

    max_new_positions_per_cycle: int | None = opt(default=None, ge=0, help="entries in one answer")
    price_band_pct: Decimal = opt(
        default=Decimal(5), gt=0, le=100, unit="%", help="entry_price may be this far from the mark"
    )
    expected_slippage_bps: Decimal = opt(
        default=Decimal(5), ge=0, lt=10_000, unit="bps", help="assumed in reward/risk and risk_usd"
    )
    max_data_age: timedelta = opt(
        default=timedelta(minutes=5), gt=timedelta(0), help="no entry on older prices"
    )
    liquidity_threshold_usd: Decimal | None = opt(
        default=None,
        ge=0,
        unit="USD",
        help="no entry on a coin with less day volume or open interest",
    )
    min_position_equity_multiple: Decimal | None = opt(
        default=None, ge=0, help="least notional of an entry, in multiples of equity"
    )
    max_position_equity_multiple: Decimal | None = opt(
        default=None, gt=0, help="largest notional of an entry, in multiples of equity"
    )
    max_entries_per_day: int | None = opt(default=None, ge=0, help="per UTC day")
    cooldown_after_close: timedelta | None = opt(
        default=None, gt=timedelta(0), help="no new entry on a coin for so long"
    )
    sharpe_pause_threshold: float | None = opt(
        default=None, help="entries pause when the Sharpe ratio is below it; needs the duration"
    )
    sharpe_pause_duration: timedelta | None = opt(
        default=None, gt=timedelta(0), help="how long entries pause then"
    )
    stop_deadline: timedelta = opt(
        default=timedelta(seconds=10),
        gt=timedelta(0),
        help="a position whose stop does not stand by then is closed",
    )
    quote_deadline: timedelta = opt(
        default=timedelta(seconds=60),
        gt=timedelta(0),
        help="a position without venue stop and without any price for so long is closed",
    )


_COLOR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)


def _check_color(text: str) -> None:
    if text and not _COLOR.fullmatch(text):
        message = "must be # and six hexadecimal digits, such as #1f77b4, in quotes"
        raise ValueError(message)


@attrs.frozen(kw_only=True)
class TraderEntry:
    """One trader."""

    id: str = opt(help="lower-case letters, digits, - and _; names its files")
    name: str = opt(default="", help="for people; default: the id")
    color: str = opt(
        default="", check=_check_color, help="how it is drawn, #rrggbb; default: one of a palette"
    )
    logo: Path | None = opt(
        default=None, help="picture on the page, a PNG or SVG file of at most 64 kB; default: none"
    )
    exchange_provider: str = opt(default="", help="section of exchange.yaml")
    market_provider: str = opt(default="", help="section of market.yaml")
    margin_mode: str = opt(
        default="cross",
        one_of=("cross", "isolated"),
        help="isolated: a position is backed by its own margin; coins are not shared",
    )
    order_style: str = opt(
        default="market_ioc",
        one_of=("market_ioc", "limit_ioc"),
        help="market_ioc pays up to the slippage beyond the mark, limit_ioc nothing beyond it",
    )
    market_ioc_slippage_bps: Decimal = opt(
        default=Decimal(50),
        ge=0,
        lt=10_000,
        unit="bps",
        help="how far beyond the mark an order may pay",
    )
    prompt_template: str = opt(default="prompts/manager/default.tmpl", help="system prompt")
    executor_prompt_template: str = opt(
        default="prompts/executor/default_prompt.tmpl", help="user prompt"
    )
    model: str = opt(default="", help="entry of `models` in llm.yaml")
    decision_interval: timedelta | None = opt(
        default=None, gt=timedelta(0), help="time between decisions; default: executor.yaml's"
    )
    allocation_pct: Decimal = opt(
        ge=0, le=100, unit="%", help="share of total_equity_usd, later of the managed capital"
    )
    auto_start: bool = opt(default=True, help="false: waits for `nof0 traders resume`")
    risk_params: RiskParams = opt(factory=RiskParams)
    symbols: tuple[str, ...] | None = opt(default=None, help="default: those of market.yaml")
    indicators: tuple[Raw, ...] | None = opt(
        default=None,
        help="as in market.yaml, whose list they take the place of; default: that list",
    )
    journal_dir: Path | None = opt(default=None, help="default: in the data directory")
    exec_guards: ExecGuards = opt(factory=ExecGuards)
    risk_checks: tuple[Raw, ...] = opt(default=(), help="list of `type:` sections")
    daily_loss_limit_pct: Decimal | None = opt(
        default=None, gt=0, le=100, unit="%", help="no entries for the rest of the UTC day"
    )
    max_drawdown_pct: Decimal | None = opt(
        default=None, gt=0, le=100, unit="%", help="no entries until `nof0 traders resume`"
    )
    budget_usd_per_day: Decimal | None = opt(
        default=None, gt=0, unit="USD", help="most that its models may cost in one UTC day"
    )
    budget_tokens_per_day: int | None = opt(
        default=None, ge=1, help="most tokens its models may take in one UTC day"
    )
    fallback_models: tuple[str, ...] | None = opt(
        default=None, help="asked in this order if the model fails; default: models with a priority"
    )


@attrs.frozen(kw_only=True)
class ManagerBlock:
    """Capital, and how it is divided."""

    total_equity_usd: Decimal = opt(gt=0, unit="USD", help="capital of all traders and the reserve")
    reserve_equity_pct: Decimal = opt(
        default=Decimal(0),
        ge=0,
        lt=100,
        unit="%",
        help="share of the managed capital that no trader gets",
    )
    allocation_strategy: Raw | None = opt(default=None, help="a kind of allocator, or its section")
    rebalance_interval: timedelta = opt(
        default=timedelta(hours=1), gt=timedelta(0), help="time between two divisions of capital"
    )
    state_storage_backend: str = opt(
        default="file", one_of=("file",), help="where the summary of a run is kept"
    )
    state_storage_path: Path | None = opt(
        default=None, help="its directory is the data directory; default ../data/manager_state.json"
    )


@attrs.frozen(kw_only=True)
class MonitoringBlock:
    """How the run is watched."""

    update_interval: timedelta = opt(
        default=timedelta(seconds=15),
        gt=timedelta(0),
        help="time between two looks at the exchange account",
    )
    alert_webhook: str = opt(default="", secret=True, help="URL that alerts are posted to")
    metrics_exporter: str = opt(
        default="", one_of=("", "none", "prometheus"), help="prometheus: writes metrics to a file"
    )


@attrs.frozen(kw_only=True)
class ManagerFile:
    """The keys of the file; what is under them is read piece by piece."""

    manager: Raw = opt()
    traders: tuple[Raw, ...] = opt()
    monitoring: Raw | None = opt(default=None)
