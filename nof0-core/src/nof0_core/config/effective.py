"""The configuration a run uses, as JSON: all defaults filled in, secrets out; and back from it.

The outline is that of the files: keys of the main file, in them those of the other files. What a
trader takes from executor.yaml stands in its own entry. A setting that changes nothing a run comes
to (ports, exporters, log thresholds, whether a tape records) is left out: two runs that must come
out the same have the same JSON.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import msgspec

from nof0_core.config.duration import parse_duration
from nof0_core.config.fields import info_of, key_of, written
from nof0_core.config.model import IndicatorConfig, Section, TraderConfig
from nof0_core.config.policies import Policy
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.model import ModelSpec
from nof0_core.ids import Symbol
from nof0_core.redaction import MARK, Redactor

HIDDEN = "***"
"""Stands for a secret."""
_NOT_OF_THE_RUN = frozenset({"journal_dir", "check_places", "is_baseline"})
"""Fields of a trader that a run does not depend on, or that follow from others."""
_IF_THERE = frozenset({"indicators"})
"""Fields of a trader that its entry has only where they were written."""
_LARGEST = 2**53
"""Integers beyond this are not the same number for every reader of JSON."""

Document = Mapping[str, Any]


class Writer:
    """Writes values of a configuration as JSON has them.

    Paths are relative to the directory of the main file, amounts and durations texts as in the
    files. In `names` (ids, words, models) only a known secret that is too long for a name is
    hidden; anything else may be free text and loses also what looks like a key.
    """

    def __init__(self, *, directory: Path, secrets: Sequence[str]) -> None:
        self._directory = directory
        self._redactor = Redactor(secrets)

    def names(self, value: Any) -> Any:
        """Write what has no free text in it."""
        return self._value(value, is_free=False)

    def options(self, value: Any) -> Any:
        """Write what a plugin, a model or a policy is configured with."""
        return self._value(value, is_free=True)

    def section(self, section: Section) -> dict[str, Any]:
        """Write a section: its type and its own keys."""
        return {"type": section.kind.type, "options": self.options(section.config)}

    def policy(self, policy: Policy) -> dict[str, Any]:
        """Write a policy likewise."""
        return {"type": policy.type, "options": self.options(policy.config)}

    def model(self, spec: ModelSpec) -> dict[str, Any]:
        """Write an entry of llm.yaml; its name is the key it stands under."""
        found: dict[str, Any] = self.names(attrs.evolve(spec, params=None))
        del found["name"]
        return {**found, "params": self.options(spec.params)}

    def indicator(self, indicator: IndicatorConfig) -> dict[str, Any]:
        """Write an indicator in its long form."""
        found: dict[str, Any] = self.names(indicator)
        return found

    def trader(
        self, trader: TraderConfig, checks: Sequence[Policy], templates: Mapping[Path, str]
    ) -> dict[str, Any]:
        """Write a trader with all its limits; `templates` are texts by file."""

        def template(path: Path) -> dict[str, Any]:
            return {"file": self.names(path), "digest": text_digest(templates[path])}

        own = {
            "model": trader.model.name,
            "fallbacks": [model.name for model in trader.fallbacks],
            "system_template": template(trader.system_template),
            "user_template": template(trader.user_template),
            "risk_checks": [self.policy(check) for check in checks],
        }
        return {
            field.name: own[field.name]
            if field.name in own
            else self.names(getattr(trader, field.name))
            for field in attrs.fields(TraderConfig)
            if field.name not in _NOT_OF_THE_RUN
            and not (field.name in _IF_THERE and getattr(trader, field.name) is None)
        }

    def _value(self, value: Any, *, is_free: bool) -> Any:
        if attrs.has(type(value)):
            return {
                key_of(field): self._item(key_of(field), getattr(value, field.name), is_free)
                if not info_of(field).secret
                else HIDDEN
                for field in attrs.fields(type(value))
                if info_of(field).shaping
            }
        if isinstance(value, Mapping):
            return {
                self._text(str(key), is_free): self._item(str(key), inner, is_free)
                for key, inner in value.items()
            }
        if isinstance(value, set | frozenset):
            return sorted((self._value(item, is_free=is_free) for item in value), key=str)
        if isinstance(value, list | tuple):
            return [self._value(item, is_free=is_free) for item in value]
        return self._word(value, is_free)

    def _item(self, key: str, value: Any, is_free: bool) -> Any:  # noqa: FBT001 - of one value
        """Write a value under a key; text under one such as `api_key` is hidden."""
        if is_free and isinstance(value, str) and self._redactor.item(key, value) == MARK:
            return HIDDEN
        return self._value(value, is_free=is_free)

    def _word(self, value: Any, is_free: bool) -> Any:  # noqa: FBT001 - of one value
        if isinstance(value, Enum):
            value = value.value
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int) and abs(value) <= _LARGEST:
            return int(value)
        if isinstance(value, float) and math.isfinite(value):
            return float(value)
        if isinstance(value, timedelta):
            return _duration(value)
        if isinstance(value, Path):
            value = Path(os.path.relpath(value, self._directory)).as_posix()
        return self._text(str(value), is_free)

    def _text(self, text: str, is_free: bool) -> str:  # noqa: FBT001 - of one value
        if not is_free and not self._redactor.holds_secret(text):
            return text.encode("utf-8", "replace").decode()
        return self._redactor.text(text).replace(MARK, HIDDEN)


def digest_of(document: Document) -> str:
    """Return the SHA-256, in hex, of a document's canonical JSON.

    That has its keys sorted, no blanks, and everything but ASCII escaped.
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def text_digest(text: str) -> str:
    """Return the SHA-256 (hex) that a document has for the text of a template."""
    return hashlib.sha256(text.encode()).hexdigest()


# --- back from a document -------------------------------------------------------------------------


def trader_of(document: Document, trader: str) -> Document:
    """Return a trader's entry.

    Raises:
        KeyError: there is none.
    """
    for entry in document["Manager"]["traders"]:
        if entry["id"] == trader:
            found: Document = entry
            return found
    raise KeyError(trader)


def limits_of(document: Document, trader: str) -> RiskLimits:
    """Return the limits a trader had: equal to `TraderConfig.limits`."""
    entry = {
        name: parse_duration(value) if name in _DURATIONS and value is not None else value
        for name, value in trader_of(document, trader)["limits"].items()
    }
    return msgspec.convert(entry, RiskLimits)


def symbols_of(document: Document, trader: str) -> tuple[Symbol, ...]:
    """Return a trader's coins in their order."""
    return tuple(map(Symbol, trader_of(document, trader)["symbols"]))


def intervals_of(document: Document) -> tuple[str, ...]:
    """Return the lengths of bars that all traders see, in their order."""
    return tuple(document["Market"]["intervals"])


def indicators_of(document: Document, trader: str) -> tuple[IndicatorConfig, ...]:
    """Return the indicators on every series a trader sees, with all their parameters."""
    own = trader_of(document, trader).get("indicators")
    found = document["Market"]["indicators"] if own is None else own
    return msgspec.convert(found, tuple[IndicatorConfig, ...])


_DURATIONS = frozenset(
    field.name for field in attrs.fields(RiskLimits) if "timedelta" in str(field.type)
)


def _duration(value: timedelta) -> str:
    """Write a duration as in a file, to the microsecond."""
    if not value % timedelta(milliseconds=1):
        return written(value)
    whole, rest = divmod(abs(value), timedelta(seconds=1))
    return f"{'-' if value < timedelta() else ''}{whole}.{rest.microseconds:06d}s"
