"""When a key takes effect: in a running engine, or with the next start. Nobody else knows it.

Every key of the files is in one of the two tables, under the file it stands in. A key that is in
neither, such as one of a plugin's own section, needs a restart.
"""

from __future__ import annotations

from collections.abc import Mapping

RELOADS: Mapping[str, frozenset[str]] = {
    "Main": frozenset({"Ranking.MinCycles", "Ranking.MinUsablePct", "Ranking.MinAge"}),
    "LLM": frozenset({"budget.daily_usd", "budget.daily_tokens", "budget.alert_threshold_pct"}),
    "Executor": frozenset(
        {
            "major_coin_leverage",
            "altcoin_leverage",
            "major_coins",
            "min_confidence",
            "min_risk_reward",
            "max_positions",
            "decision_interval",
            "decision_timeout",
            "max_prompt_tokens",
            "prompt_schema_version",
        }
    ),
    "Exchange": frozenset(),
    "Market": frozenset(),
    "Manager": frozenset(
        {
            "traders[].name",
            "traders[].color",
            "traders[].order_style",
            "traders[].market_ioc_slippage_bps",
            "traders[].prompt_template",
            "traders[].executor_prompt_template",
            "traders[].decision_interval",
            "traders[].risk_params.max_positions",
            "traders[].risk_params.max_position_size_usd",
            "traders[].risk_params.max_margin_usage_pct",
            "traders[].risk_params.major_coin_leverage",
            "traders[].risk_params.altcoin_leverage",
            "traders[].risk_params.major_coins",
            "traders[].risk_params.min_risk_reward_ratio",
            "traders[].risk_params.min_confidence",
            "traders[].risk_params.stop_loss_enabled",
            "traders[].risk_params.take_profit_enabled",
            "traders[].exec_guards.max_new_positions_per_cycle",
            "traders[].exec_guards.price_band_pct",
            "traders[].exec_guards.expected_slippage_bps",
            "traders[].exec_guards.max_data_age",
            "traders[].exec_guards.liquidity_threshold_usd",
            "traders[].exec_guards.min_position_equity_multiple",
            "traders[].exec_guards.max_position_equity_multiple",
            "traders[].exec_guards.max_entries_per_day",
            "traders[].exec_guards.cooldown_after_close",
            "traders[].exec_guards.sharpe_pause_threshold",
            "traders[].exec_guards.sharpe_pause_duration",
            "traders[].exec_guards.stop_deadline",
            "traders[].exec_guards.quote_deadline",
            "traders[].risk_checks",
            "traders[].daily_loss_limit_pct",
            "traders[].max_drawdown_pct",
            "traders[].budget_usd_per_day",
            "traders[].budget_tokens_per_day",
        }
    ),
}
"""Keys that a running engine takes over when it is asked to."""

RESTARTS: Mapping[str, frozenset[str]] = {
    "Main": frozenset(
        {
            "Name",
            "Env",
            "Host",
            "AllowHosts",
            "Port",
            "DataPath",
            "Postgres.DataSource",
            "Postgres.MaxOpen",
            "Postgres.MaxIdle",
            "Postgres.MaxLifetime",
            "Postgres.PreparedStatements",
            "Postgres.Lease",
            "Cache",
            "Cache[].Host",
            "Cache[].Type",
            "Cache[].Pass",
            "Cache[].Tls",
            "Cache[].Prefix",
            "TTL.Short",
            "TTL.Medium",
            "TTL.Long",
            "Logging.SlowThreshold.SQL",
            "Logging.SlowThreshold.Redis",
            "Logging.VerboseSQL",
            "Logging.VerboseLLM",
            "Logging.Level",
            "Logging.Format",
            "Logging.MaxSize",
            "Logging.Keep",
            "LLM.File",
            "Executor.File",
            "Manager.File",
            "Exchange.File",
            "Market.File",
            "Clock.Speed",
            "Clock.Start",
            "Clock.Lockstep",
            "Seed",
            "Exporters",
            "Plugins",
            "Cors.AllowOrigins",
        }
    ),
    "LLM": frozenset(
        {
            "default_model",
            "models",
            "models.<name>.backend",
            "models.<name>.provider",
            "models.<name>.model_name",
            "models.<name>.temperature",
            "models.<name>.max_completion_tokens",
            "models.<name>.top_p",
            "models.<name>.priority",
            "models.<name>.cost_tier",
            "models.<name>.mode",
            "models.<name>.cost_per_million_tokens",
            "models.<name>.price.input",
            "models.<name>.price.output",
            "models.<name>.price.cached_input",
            "models.<name>.budget.daily_usd",
            "models.<name>.budget.daily_tokens",
            "models.<name>.budget_usd_per_day",
            "models.<name>.params",
            "backends",
        }
    ),
    "Executor": frozenset({"max_concurrent_decisions", "decision_spread"}),
    "Exchange": frozenset({"default", "providers"}),
    "Market": frozenset(
        {"default", "providers", "symbols", "intervals", "indicators", "series_bars"}
    ),
    "Manager": frozenset(
        {
            "manager.total_equity_usd",
            "manager.reserve_equity_pct",
            "manager.allocation_strategy",
            "manager.rebalance_interval",
            "manager.state_storage_backend",
            "manager.state_storage_path",
            "monitoring.update_interval",
            "monitoring.alert_webhook",
            "monitoring.metrics_exporter",
            "traders",
            "traders[].id",
            "traders[].logo",
            "traders[].exchange_provider",
            "traders[].market_provider",
            "traders[].margin_mode",
            "traders[].model",
            "traders[].allocation_pct",
            "traders[].auto_start",
            "traders[].symbols",
            "traders[].indicators",
            "traders[].journal_dir",
            "traders[].fallback_models",
        }
    ),
}
"""Keys whose change needs a restart, or cannot take effect on an existing run at all."""

INITIAL = frozenset({"manager.total_equity_usd", "Clock.Start", "Seed", "traders[].margin_mode"})
"""Keys of a run: what exists keeps them, also over a restart, unless it begins anew."""


def reloads(file: str, key: str) -> bool:
    """Tell whether a running engine takes a key over; one that nobody knows needs a restart."""
    return key in RELOADS.get(file, ())


def is_known(file: str, key: str) -> bool:
    """Tell whether a key is in one of the tables."""
    return reloads(file, key) or key in RESTARTS.get(file, ())
