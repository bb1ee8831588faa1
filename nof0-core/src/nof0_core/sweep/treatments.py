"""Which jobs are of one treatment: the same code, prompts and kinds of models.

Numbers make no other treatment, nor do windows and seeds. Whoever looks ahead does so by its code
or its prompt, so one job of each treatment is checked for it and speaks for the others.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from nof0_core.config.effective import text_digest
from nof0_core.config.model import Config, TraderConfig


def treatment_of(config: Config, code: str) -> str:
    """Return what tells a treatment from others, in hex.

    `code` is that of `nof0_core.backtest.sources.code_of`.
    """
    parts: dict[str, Any] = {
        "code": code,
        "traders": [_trader(config, one) for one in config.traders],
        "allocator": config.allocation_strategy,
        "markets": _kinds(config.markets.values()),
        "exchanges": _kinds(config.exchanges.values()),
        "indicators": sorted(one.function for one in config.indicators),
    }
    return _digest(parts)


def treatment_name(config: Config) -> str:
    """Name a treatment for a person: kinds of models, and prompts where they read any."""
    names = dict.fromkeys(_name(config, one) for one in config.traders)
    return ", ".join(names)


def _trader(config: Config, one: TraderConfig) -> list[Any]:
    models = [
        [config.backends[spec.backend].kind.type, spec.model_name]
        for spec in (one.model, *one.fallbacks)
        if spec.backend in config.backends
    ]
    checks = [kind for kind, _ in one.risk_checks]
    own = config.indicators_of(one)
    return [*_prompts(config, one), models, checks, sorted(each.function for each in own)]


def _prompts(config: Config, one: TraderConfig) -> list[str]:
    return [
        text_digest(config.templates[path]) for path in (one.system_template, one.user_template)
    ]


def _name(config: Config, one: TraderConfig) -> str:
    model = one.model.model_name
    section = config.backends.get(one.model.backend)
    reads = getattr(section.kind, "reads_prompt", True) if section is not None else True
    return f"{model} × {one.system_template.name}" if reads else model


def _kinds(sections: Any) -> list[str]:
    return sorted(one.kind.type for one in sections)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
