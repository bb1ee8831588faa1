"""Ids of venues in the answers: integers, with the text beside them where it is no number."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import msgspec
import pytest

from nof0_api.schemas import answers, rows
from nof0_core.documents.positions import held
from nof0_core.documents.trades import trade_row
from nof0_core.domain.position import ExitPlan
from nof0_core.domain.trade import ClosedTrade, TradeLeg
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.testing.samples import holding

ENTRY = datetime(2025, 7, 1, tzinfo=UTC)
TEXT = "a3f1-77"
OF_TEXT = int.from_bytes(hashlib.sha256(TEXT.encode()).digest()) >> (256 - 52)


def leg(hours, trade_id, order_id):
    return TradeLeg(
        price=Decimal(100),
        time=ENTRY + timedelta(hours=hours),
        trade_id=trade_id,
        venue_order_id=order_id,
        is_taker=True,
        fee=Decimal("0.1"),
    )


TRADE = ClosedTrade(
    trader="one",
    symbol="BTC",
    quantity=Decimal(1),
    leverage=2,
    confidence=80,
    exit_plan=ExitPlan(),
    entry=leg(0, TEXT, "9007199254740991"),
    exit=leg(1, "9007199254740992", "17"),
    gross_pnl=Decimal(0),
    funding=Decimal(0),
    net_pnl=Decimal("-0.2"),
    reason=ExitReason.CLOSE,
)
HELD = attrs.evolve(holding(), entry_order_id=TEXT, stop_order_id="0x1f")


def test_the_text_of_an_id_reaches_who_reads_trades(site):
    site.write("trades", {"trades": [trade_row(TRADE)]})
    (row,) = msgspec.json.decode(site.ask("/api/trades").body, type=answers.Trades).trades
    assert (row.entry_tid, row.entry_tid_ref) == (OF_TEXT, TEXT)
    assert (row.entry_oid, row.entry_oid_ref) == (2**53 - 1, msgspec.UNSET)
    assert row.exit_tid_ref == "9007199254740992"
    assert (row.exit_oid, row.exit_oid_ref) == (17, msgspec.UNSET)
    (cut,) = site.ask("/api/trades?limit=1").json["trades"]
    assert cut["entry_tid_ref"] == TEXT
    assert "exit_oid_ref" not in cut


def test_the_text_of_an_id_reaches_who_reads_positions(site):
    site.write("positions", {"accountTotals": [{"model_id": "one", "positions": held([HELD])}]})
    body = site.ask("/api/positions").body
    (model,) = msgspec.json.decode(body, type=answers.Positions).account_totals
    position = model.positions["BTC"]
    assert (position.entry_oid, position.entry_oid_ref) == (OF_TEXT, TEXT)
    assert (position.oid, position.oid_ref) == (OF_TEXT, TEXT)
    assert position.sl_oid_ref == "0x1f"
    assert (position.tp_oid, position.tp_oid_ref) == (-1, msgspec.UNSET)


@pytest.mark.parametrize(("name", "row"), [("Trade", TRADE), ("Position", HELD)])
def test_the_schema_knows_every_key_a_row_can_have(site, name, row):
    """The texts beside the ids are optional, and text; older exports have no reason of an exit."""
    written = trade_row(row) if name == "Trade" else held([row])["BTC"]
    schemas = site.ask("/schema").json["components"]["schemas"]
    (shown,) = [schema for key, schema in schemas.items() if key.split("_")[-1] == name]
    ids = [key for key in written if key.endswith(("oid", "tid"))]
    refs = {f"{key}_ref" for key in ids}
    assert len(refs) == 4
    assert set(shown["properties"]) == set(written) | refs
    assert set(shown["required"]) == set(written) - refs - {"exit_reason"}
    for ref in refs:
        assert shown["properties"][ref] == {"oneOf": [{"type": "string"}]}
    assert set(getattr(rows, name).__struct_fields__) == set(shown["properties"])
