"""What differs between the configuration an engine runs and one that was read anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from nof0_core.config.effective import text_digest
from nof0_core.config.fields import written
from nof0_core.config.model import Config, Setting, TraderConfig
from nof0_core.config.reloading import INITIAL, reloads
from nof0_core.config.tree import printable, problem
from nof0_core.errors import Problem
from nof0_core.redaction import Redactor

_TEMPLATES = {
    "prompt_template": "system_template",
    "executor_prompt_template": "user_template",
}
"""Fields of a trader with the path of a template, by the key that names it."""
_OF_TRADER = (
    "name",
    "color",
    "order_style",
    "slippage_bps",
    "system_template",
    "user_template",
    "decision_interval",
    "decision_timeout",
    "limits",
    "stop_deadline",
    "quote_deadline",
    "risk_checks",
    "check_places",
    "budget",
)
"""Fields of a trader that follow from keys a running engine takes over."""
_OF_ALL = (
    "prompt_schema_version",
    "max_prompt_tokens",
    "budget",
    "budget_alert_pct",
    "gates",
    "templates",
    "document",
    "digest",
    "settings",
    "warnings",
)
"""Likewise of the whole configuration."""


@attrs.frozen(kw_only=True)
class ConfigChange:
    """One key that has another value; `trader` is empty for what holds for all."""

    key: str
    old: str
    new: str
    trader: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.key}: {self.old} → {self.new}"


@attrs.frozen(kw_only=True)
class Comparison:
    """What a running engine may take over, and what it cannot."""

    changes: tuple[ConfigChange, ...]
    problems: tuple[Problem, ...]


def compare(running: Config, found: Config) -> Comparison:
    """Compare what an engine runs with what was read; problems are what needs a restart.

    In the order of the files and their lines.
    """
    old = {(each.file, each.path): each for each in running.settings}
    new = {(each.file, each.path): each for each in found.settings}
    known = {t.id for t in running.traders} & {t.id for t in found.traders}
    redact = Redactor((*running.secrets, *found.secrets))
    changes: list[ConfigChange] = []
    problems: list[Problem] = []
    for key in dict.fromkeys((*new, *old)):
        before, after = old.get(key), new.get(key)
        setting = after or before
        assert setting is not None  # noqa: S101 - the key is in one of them
        if setting.trader and setting.trader not in known:
            # That it has come or gone is told once, by the list of traders.
            continue
        if _value(before) == _value(after):
            continue
        if reloads(setting.file, setting.key):
            changes.append(
                ConfigChange(
                    trader=setting.trader,
                    key=setting.path,
                    old=_shown(before, redact),
                    new=_shown(after, redact),
                )
            )
        else:
            problems.append(problem(setting.place, _refusal(setting, before, after)))
    changes += _templates(running, found)
    if not problems and _fixed(running.document) != _fixed(found.document):
        place = attrs.evolve(found.allocation_place, file=str(found.file), line=0, path="")
        problems.append(problem(place, "something that needs a restart has changed"))
    return Comparison(changes=tuple(dict.fromkeys(changes)), problems=tuple(problems))


def taken_over(running: Config, found: Config) -> Config:
    """Return the running configuration with all that a running engine may take over from another.

    Both have the same traders. What needs a restart stays as it was, whatever the other says.
    """
    entries = {trader.id: trader for trader in found.traders}
    return attrs.evolve(
        running,
        traders=tuple(_trader(trader, entries[trader.id]) for trader in running.traders),
        secrets=tuple(sorted({*running.secrets, *found.secrets})),
        **{name: getattr(found, name) for name in _OF_ALL},
    )


def _trader(running: TraderConfig, found: TraderConfig) -> TraderConfig:
    return attrs.evolve(running, **{name: getattr(found, name) for name in _OF_TRADER})


def _value(setting: Setting | None) -> object:
    return None if setting is None else setting.value


def _refusal(setting: Setting, before: Setting | None, after: Setting | None) -> str:
    if (setting.file, setting.key) == ("Manager", "traders"):
        return _of_traders(_value(before), _value(after))
    if setting.key in INITIAL:
        return "cannot take effect on an existing run: put it back, or use another data directory"
    return "needs a restart"


def _of_traders(before: object, after: object) -> str:
    old = before if isinstance(before, tuple) else ()
    new = after if isinstance(after, tuple) else ()
    said = [
        f"{word}: {', '.join(ids)}"
        for word, ids in (
            ("new", [each for each in new if each not in old]),
            ("gone", [each for each in old if each not in new]),
        )
        if ids
    ]
    told = "; ".join(said) or "in another order"
    return f"which traders there are needs a restart ({told})"


def _shown(setting: Setting | None, redactor: Redactor) -> str:
    value = _value(setting)
    if value is None or value in ("", ()):
        return "not set"
    if setting is not None and setting.is_secret:
        return "a secret"
    if isinstance(value, tuple) and any(isinstance(item, tuple) for item in value):
        text = json.dumps(_nested(value), ensure_ascii=False, default=str)
    else:
        text = written(value).strip('"')
    return printable(redactor.text(text))


def _nested(value: Any) -> Any:
    """Write what `settings` has made of a part again as it stands in a file."""
    if not isinstance(value, tuple):
        return value
    pairs = [item for item in value if isinstance(item, tuple) and len(item) == 2]
    if pairs and len(pairs) == len(value) and all(isinstance(pair[0], str) for pair in pairs):
        return {key: _nested(inner) for key, inner in pairs}
    return [_nested(item) for item in value]


def _templates(running: Config, found: Config) -> Iterator[ConfigChange]:
    """Yield the templates that have another text, or are found elsewhere, under the same key."""
    before = {trader.id: trader for trader in running.traders}
    for trader in found.traders:
        old = before.get(trader.id)
        if old is None:
            continue
        for key, field in _TEMPLATES.items():
            was: Path = getattr(old, field)
            now: Path = getattr(trader, field)
            digests = text_digest(running.templates[was]), text_digest(found.templates[now])
            if (was == now or was.name == now.name) and digests[0] != digests[1]:
                yield ConfigChange(
                    trader=trader.id,
                    key=f"traders[{trader.id}].{key}",
                    old=f"{now.name} {digests[0][:12]}",
                    new=f"{now.name} {digests[1][:12]}",
                )


def _fixed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a document no reload may change."""
    executor, llm, manager = document["Executor"], document["LLM"], document["Manager"]
    free = {"prompt_schema_version", "max_prompt_tokens"}
    return {
        **document,
        "Executor": {key: value for key, value in executor.items() if key not in free},
        "LLM": {key: value for key, value in llm.items() if key != "budget"},
        "Manager": {
            **manager,
            "traders": [
                {key: value for key, value in entry.items() if key not in _OF_TRADER}
                for entry in manager["traders"]
            ],
        },
    }
