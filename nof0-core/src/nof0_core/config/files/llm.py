"""`llm.yaml`: models and the backends that answer for them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.config.fields import opt
from nof0_core.config.structure import Raw

OPENAI = "openai"
"""Name of the backend whose settings stand at the top level of the file."""

OPENAI_KEYS = ("base_url", "api_key", "timeout", "max_retries", "log_level")
"""Settings of that backend which the format has always had, for when it is not installed."""

CORE_KEYS = ("default_model", "models", "backends", "budget")

MODES = ("tools", "json_schema", "json", "md_json")


@attrs.frozen(kw_only=True)
class Price:
    """What a model costs, in USD per million tokens."""

    input: Decimal = opt(ge=0, unit="USD", help="prompt tokens")
    output: Decimal = opt(ge=0, unit="USD", help="completion tokens")
    cached_input: Decimal | None = opt(default=None, ge=0, unit="USD", help="cached prompt tokens")


@attrs.frozen(kw_only=True)
class Budget:
    """The most that one model may take in one UTC day."""

    daily_usd: Decimal | None = opt(
        default=None, gt=0, unit="USD", help="most that may be paid in one UTC day"
    )
    daily_tokens: int | None = opt(
        default=None, ge=1, help="the same in tokens, prompt and completion together"
    )


@attrs.frozen(kw_only=True)
class TotalBudget:
    """The most that all models may take in one UTC day, whoever asks them."""

    daily_usd: Decimal | None = opt(
        default=None, gt=0, unit="USD", help="most that may be paid in one UTC day"
    )
    daily_tokens: int | None = opt(
        default=None, ge=1, help="the same in tokens, prompt and completion together"
    )
    alert_threshold_pct: Decimal = opt(
        default=Decimal(80), gt=0, le=100, unit="%", help="spent share of any budget worth an alert"
    )


@attrs.frozen(kw_only=True)
class ModelEntry:
    """One model."""

    backend: str = opt(default=OPENAI, help="section under `backends`, or a kind of backend")
    provider: str = opt(default="", help="who made the model; decides the default of mode")
    model_name: str = opt(default="", help="what the backend calls it; default: the key")
    temperature: float | None = opt(
        default=None, ge=0, le=2, help="of sampling; default: the endpoint's"
    )
    max_completion_tokens: int | None = opt(
        default=None, ge=1, help="longest answer; default: 4096 where a budget reckons with it"
    )
    top_p: float | None = opt(
        default=None,
        gt=0,
        le=1,
        help="share of likely tokens to sample from; default: the endpoint's",
    )
    priority: int = opt(
        default=0, ge=0, help="from 1: stands in, lowest first, for traders without fallback_models"
    )
    cost_tier: str = opt(default="", help="a label of your own, shown by `nof0 llm models`")
    mode: str | None = opt(
        default=None, one_of=MODES, help="how structured output is asked for; default: by provider"
    )
    cost_per_million_tokens: Decimal | None = opt(
        default=None, ge=0, unit="USD", help="one price for all tokens, instead of price"
    )
    price: Price | None = opt(default=None, help="prices by kind of token")
    budget: Budget | None = opt(default=None)
    budget_usd_per_day: Decimal | None = opt(
        default=None, gt=0, unit="USD", help="short for budget.daily_usd"
    )
    params: Raw | None = opt(default=None, help="settings of the backend's own for this model")


SAMPLING = ("temperature", "max_completion_tokens", "top_p", "mode")
"""Keys that mean something only where text goes to a model."""


@attrs.frozen(kw_only=True)
class LlmFile:
    """Core's own part of the file; all other keys belong to the backend `openai`."""

    default_model: str = opt(default="", help="model of traders that name none")
    models: Mapping[str, ModelEntry] = opt(help="models by name")
    backends: Mapping[str, Raw] = opt(factory=dict, help="further backends, each with its `type`")
    budget: TotalBudget = opt(factory=TotalBudget)
