"""Keys that were changed for a run that goes on, and can have no effect on it any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nof0_core.config.model import Config
from nof0_core.domain.event import ConfigLoaded
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE
from nof0_core.journal import records
from nof0_core.plugins.kinds import ExchangeKind

_BALANCE = "initial_balance_usd"

_KEYS = (
    (
        ("Manager", "manager", "total_equity_usd"),
        "accounts keep what they have; only traders that are new get a part of it",
    ),
    (("Clock", "Start"), "the clock goes on where the run stopped"),
    (("Seed",), "what was drawn by lot stays; one configuration and seed no longer repeat the run"),
)


def without_effect(config: Config) -> list[str]:
    """Name such keys, with both values; nothing where no run goes on."""
    first = _first(config.state_dir / "journal")
    notes = []
    for path, why, named in (*_keys(), *_balances(config)):
        old, new = _value(first, path), _value(config.document, path)
        if first and old is not None and str(old) != str(new):
            notes.append(
                f"{named} was {old} when the run in {config.state_dir} began and is "
                f"{new} now: {why}. Another --data-dir begins anew"
            )
    return notes


def _keys() -> Iterator[tuple[tuple[str, ...], str, str]]:
    return ((path, why, ".".join(path[-2:])) for path, why in _KEYS)


def _balances(config: Config) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield the key of each paper account that says what it begins with."""
    for name, section in config.exchanges.items():
        kind = section.kind
        if isinstance(kind, ExchangeKind) and kind.initial_balance_usd is not None:
            path = ("Exchange", "providers", name, "options", _BALANCE)
            yield path, "the account keeps what it has", f"{_BALANCE} of exchange {name}"


def _first(root: Path) -> Mapping[str, Any]:
    """Return the configuration a run began with, empty if there is none that can be read."""
    if not root.is_dir():
        return {}
    try:
        for record in records(root, {}, streams=[ENGINE], types=["config_loaded"]):
            body = record.event().body
            return dict(body.config) if isinstance(body, ConfigLoaded) else {}
    except JournalError:
        # A run says what is wrong with its journal.
        return {}
    return {}


def _value(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document
