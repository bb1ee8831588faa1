"""The first tables."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TYPES = {
    "text": ("TEXT", "TEXT"),
    "int": ("INTEGER", "INTEGER"),
    "big": ("BIGINT", "BIGINT"),
    "bool": ("BOOLEAN", "BOOLEAN"),
    "float": ("DOUBLE PRECISION", "DOUBLE PRECISION"),
    "bytes": ("BYTEA", "BLOB"),
    "date": ("DATE", "DATE"),
    "amount": ("NUMERIC", "TEXT"),
    "moment": ("TIMESTAMP WITH TIME ZONE", "TEXT"),
    "json": ("JSONB", "TEXT"),
}
"""Words for types, in PostgreSQL and in SQLite."""

_TABLES = {
    "events": (
        "engine:text seq:big",
        "stream:text! day:date! type:text! line:bytes! hash:text!",
    ),
    "cursors": ("engine:text exporter:text", "seq:big! hash:text! updated_at:moment!"),
    "traders": (
        "engine:text trader_id:text valid_from:moment",
        "seq:big! name:text! config:json! risk_params:json!",
    ),
    "trader_positions": (
        "engine:text trade_id:text",
        """seq:big! trader_id:text! provider_id:text! symbol:text! side:text! size:amount!
        entry_price:amount! exit_price:amount pnl:amount gross_pnl:amount fees:amount!
        funding:amount! exit_reason:text opened_at:moment! closed_at:moment""",
    ),
    "trader_orders": (
        "engine:text order_id:text",
        """seq:big! trader_id:text! provider_id:text! cycle_id:text! symbol:text! side:text!
        purpose:text! price:amount trigger_price:amount average_price:amount size:amount!
        filled_size:amount! status:text! venue_order_id:text reason:text! created_at:moment!
        updated_at:moment!""",
    ),
    "trader_fills": (
        "engine:text provider_id:text trade_id:text trader_id:text",
        """seq:big! order_id:text venue_order_id:text! symbol:text! side:text! fill_price:amount!
        fill_size:amount! commission:amount! is_liquidation:bool! is_taker:bool!
        timestamp:moment!""",
    ),
    "trader_performance": (
        "engine:text trader_id:text timestamp:moment",
        """seq:big! equity:amount! pnl:amount! return_pct:amount! sharpe_ratio:float
        win_rate:float max_drawdown_pct:float! analytics:json""",
    ),
    "exchange_positions": (
        "engine:text provider_id:text symbol:text timestamp:moment",
        """seq:big! side:text! size:amount! entry_price:amount liquidation_price:amount
        leverage:int margin_mode:text""",
    ),
    "exchange_orders": (
        "engine:text provider_id:text venue_order_id:text",
        """seq:big! order_id:text symbol:text! side:text! price:amount trigger_price:amount
        size:amount! filled_size:amount! status:text! created_at:moment! updated_at:moment!
        done_at:moment""",
    ),
    "assets": (
        "provider_id:text symbol:text",
        """engine:text! seq:big! name:text! precision:int! tick:amount! lot:amount!
        min_notional:amount! max_leverage:int! tiers:json! is_active:bool!""",
    ),
    "klines": (
        "provider_id:text symbol:text interval:text timestamp:moment",
        "engine:text! seq:big! open:float! high:float! low:float! close:float! volume:float!",
    ),
    "indicators": (
        "provider_id:text symbol:text interval:text timestamp:moment",
        "engine:text! seq:big! ema:json! macd:json! rsi:json! atr:json! others:json!",
    ),
    "decision_cycles": (
        "engine:text trader_id:text cycle_id:text",
        """seq:big! number:big! timestamp:moment! decided_at:moment! status:text! prompt_digest:text
        decisions_json:json! error:text! latency_s:float""",
    ),
    "llm_conversations": (
        "engine:text trader_id:text cycle_id:text number:int",
        """seq:big! timestamp:moment! prompt:json! response:text! chain_of_thought:text!
        outcome:text! detail:text! tokens:big! usage:json! cost_usd:amount model:text!
        endpoint_model:text""",
    ),
    "decision_validations": (
        "engine:text trader_id:text cycle_id:text number:int",
        """seq:big! timestamp:moment! symbol:text! action:text! validation_result:text!
        error_msg:text! checks:json!""",
    ),
}
_BY_MONTH = ("klines", "indicators")
_INDEXES = {
    "events_by_stream": "events (engine, stream, day)",
    "trader_positions_by_trader": "trader_positions (engine, trader_id, opened_at)",
    "trader_orders_by_trader": "trader_orders (engine, trader_id, created_at)",
    "trader_fills_by_time": 'trader_fills (engine, trader_id, "timestamp")',
    "decision_cycles_by_time": 'decision_cycles (engine, trader_id, "timestamp")',
}


def upgrade() -> None:
    """Make them."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, (keys, columns) in _TABLES.items():
        lines = [_column(word, is_sqlite=is_sqlite, is_key=True) for word in keys.split()]
        lines += [_column(word, is_sqlite=is_sqlite) for word in columns.split()]
        key = ", ".join(f'"{word.partition(":")[0]}"' for word in keys.split())
        by_month = name in _BY_MONTH and not is_sqlite
        part = ' PARTITION BY RANGE ("timestamp")' if by_month else ""
        op.execute(f"CREATE TABLE {name} ({', '.join(lines)}, PRIMARY KEY ({key})){part}")
    for name, what in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {what}")


def downgrade() -> None:
    """Refuse: what the tables hold would be lost."""
    message = "there is nothing before the first tables"
    raise NotImplementedError(message)


def _column(word: str, *, is_sqlite: bool, is_key: bool = False) -> str:
    name, _, type_ = word.partition(":")
    must = " NOT NULL" if is_key or type_.endswith("!") else ""
    return f'"{name}" {_TYPES[type_.rstrip("!")][is_sqlite]}{must}'
