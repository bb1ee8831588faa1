"""The tables as they are now; the migrations lead here.

`events` has the journal's lines, `cursors` how far an exporter is, `checkpoints` the newest
checkpoint of each engine, in pieces, `documents` the files of the API as of one export, and their
pieces, `leases` who runs an engine and trades a venue account. All others are projections of
events: each row names the `engine` and the number (`seq`) of the event it comes from, the newest
where several events made it. `docs/storage.md` says what each column means.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from nof0_core.storage.column_types import Amount, Json, Moment

METADATA = MetaData()

_TYPES = {
    "text": Text,
    "int": Integer,
    "big": BigInteger,
    "bool": Boolean,
    "float": Double,
    "bytes": LargeBinary,
    "date": Date,
    "amount": Amount,
    "moment": Moment,
    "json": Json,
}


def _table(name: str, keys: str, columns: str) -> Table:
    """Make a table of `name:type` words; a `!` behind the type: never null."""
    made = [
        Column(column, _TYPES[type_](), primary_key=True, autoincrement=False)
        for column, _, type_ in (word.partition(":") for word in keys.split())
    ]
    for word in columns.split():
        column, _, type_ = word.partition(":")
        made.append(Column(column, _TYPES[type_.rstrip("!")](), nullable=not type_.endswith("!")))
    return Table(name, METADATA, *made)


EVENTS = _table(
    "events",
    "engine:text seq:big",
    "stream:text! day:date! type:text! line:bytes! hash:text!",
)
CURSORS = _table("cursors", "engine:text exporter:text", "seq:big! hash:text! updated_at:moment!")
CHECKPOINTS = _table(
    "checkpoints",
    "engine:text piece:int",
    "pieces:int! seq:big! hash:text! data:bytes!",
)
DOCUMENTS = _table(
    "documents",
    "engine:text name:text",
    "is_piece:bool! digest:text! made_at:float! content:bytes!",
)
LEASES = _table(
    "leases",
    "lease:text",
    """kind:text! engine:text! instance:text! place:text! token:big! is_binding:bool! since:moment!
    seen:moment! until:moment!""",
)
TRADERS = _table(
    "traders",
    "engine:text trader_id:text valid_from:moment",
    "seq:big! name:text! config:json! risk_params:json!",
)
TRADER_POSITIONS = _table(
    "trader_positions",
    "engine:text trade_id:text",
    """seq:big! trader_id:text! provider_id:text! symbol:text! side:text! size:amount!
    entry_price:amount! exit_price:amount pnl:amount gross_pnl:amount fees:amount! funding:amount!
    exit_reason:text opened_at:moment! closed_at:moment extra:json""",
)
TRADER_ORDERS = _table(
    "trader_orders",
    "engine:text order_id:text",
    """seq:big! trader_id:text! provider_id:text! cycle_id:text! symbol:text! side:text!
    purpose:text! price:amount trigger_price:amount average_price:amount size:amount!
    filled_size:amount! status:text! venue_order_id:text reason:text! created_at:moment!
    updated_at:moment!""",
)
TRADER_FILLS = _table(
    "trader_fills",
    "engine:text provider_id:text trade_id:text trader_id:text",
    """seq:big! order_id:text venue_order_id:text! symbol:text! side:text! fill_price:amount!
    fill_size:amount! commission:amount! is_liquidation:bool! is_taker:bool! timestamp:moment!""",
)
TRADER_PERFORMANCE = _table(
    "trader_performance",
    "engine:text trader_id:text timestamp:moment",
    """seq:big! equity:amount! pnl:amount! return_pct:amount! sharpe_ratio:float win_rate:float
    max_drawdown_pct:float! analytics:json extra:json""",
)
EXCHANGE_POSITIONS = _table(
    "exchange_positions",
    "engine:text provider_id:text symbol:text timestamp:moment",
    """seq:big! side:text! size:amount! entry_price:amount liquidation_price:amount
    leverage:int margin_mode:text""",
)
EXCHANGE_ORDERS = _table(
    "exchange_orders",
    "engine:text provider_id:text venue_order_id:text",
    """seq:big! order_id:text symbol:text! side:text! price:amount trigger_price:amount size:amount!
    filled_size:amount! status:text! created_at:moment! updated_at:moment! done_at:moment""",
)
ASSETS = _table(
    "assets",
    "provider_id:text symbol:text",
    """engine:text! seq:big! name:text! precision:int! tick:amount! lot:amount! min_notional:amount!
    max_leverage:int! tiers:json! is_active:bool!""",
)
KLINES = _table(
    "klines",
    "provider_id:text symbol:text interval:text timestamp:moment",
    """engine:text! seq:big! open:float! high:float! low:float! close:float! volume:float!""",
)
INDICATORS = _table(
    "indicators",
    "provider_id:text symbol:text interval:text timestamp:moment",
    """engine:text! seq:big! ema:json! macd:json! rsi:json! atr:json! others:json!""",
)
FUNDING_RATES = _table(
    "funding_rates",
    "provider_id:text symbol:text timestamp:moment",
    "engine:text! seq:big! rate:amount!",
)
DECISION_CYCLES = _table(
    "decision_cycles",
    "engine:text trader_id:text cycle_id:text",
    """seq:big! number:big! timestamp:moment! decided_at:moment! status:text! prompt_digest:text
    decisions_json:json! error:text! latency_s:float""",
)
LLM_CONVERSATIONS = _table(
    "llm_conversations",
    "engine:text trader_id:text cycle_id:text number:int",
    """seq:big! timestamp:moment! prompt:json! response:text! chain_of_thought:text! outcome:text!
    detail:text! tokens:big! usage:json! cost_usd:amount model:text! endpoint_model:text""",
)
DECISION_VALIDATIONS = _table(
    "decision_validations",
    "engine:text trader_id:text cycle_id:text number:int",
    """seq:big! timestamp:moment! symbol:text! action:text! validation_result:text! error_msg:text!
    checks:json!""",
)

PROJECTED: Mapping[str, Table] = {
    table.name: table
    for table in METADATA.sorted_tables
    if table not in (EVENTS, CURSORS, CHECKPOINTS, DOCUMENTS, LEASES)
}
"""The tables that are made of events."""
PARTITIONED = frozenset({KLINES.name, INDICATORS.name})
"""Tables that PostgreSQL keeps in a part for each month."""
OF_THE_MARKET = frozenset({ASSETS.name, KLINES.name, INDICATORS.name, FUNDING_RATES.name})
"""Tables whose rows are the same whichever engine saw them first."""
