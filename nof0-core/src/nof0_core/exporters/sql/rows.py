"""Rows that are still to be written, one for each key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from nof0_core.exporters.sql.cleaning import clean_text

KEYS: Mapping[str, tuple[str, ...]] = {
    "traders": ("engine", "trader_id", "valid_from"),
    "trader_positions": ("engine", "trade_id"),
    "trader_orders": ("engine", "order_id"),
    "trader_fills": ("engine", "provider_id", "trade_id", "trader_id"),
    "trader_performance": ("engine", "trader_id", "timestamp"),
    "exchange_positions": ("engine", "provider_id", "symbol", "timestamp"),
    "exchange_orders": ("engine", "provider_id", "venue_order_id"),
    "assets": ("provider_id", "symbol"),
    "klines": ("provider_id", "symbol", "interval", "timestamp"),
    "indicators": ("provider_id", "symbol", "interval", "timestamp"),
    "funding_rates": ("provider_id", "symbol", "timestamp"),
    "decision_cycles": ("engine", "trader_id", "cycle_id"),
    "llm_conversations": ("engine", "trader_id", "cycle_id", "number"),
    "decision_validations": ("engine", "trader_id", "cycle_id", "number"),
}
"""What tells rows of a table apart; a later row takes the place of an earlier one."""

Row = dict[str, Any]


class Rows:
    """Collects the rows of one engine, of the event with number `seq`."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.seq = 0
        self._tables: defaultdict[str, dict[tuple[Any, ...], Row]] = defaultdict(dict)

    def put(self, table: str, **values: Any) -> None:
        """Add a row; texts are cleaned. Indicators of a bar are put together."""
        row = {"engine": self.engine, "seq": self.seq}
        for name, value in values.items():
            row[name] = clean_text(value) if isinstance(value, str) else value
        key = tuple(row[name] for name in KEYS[table])
        known = self._tables[table].get(key)
        if table == "indicators" and known is not None:
            parts = {n: known[n] | v for n, v in row.items() if isinstance(v, dict)}
            row |= parts
        self._tables[table][key] = row

    def all(self) -> dict[str, list[Row]]:
        """Return all rows by table."""
        return {name: list(rows.values()) for name, rows in self._tables.items() if rows}
