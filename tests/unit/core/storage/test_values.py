"""What comes back is what was written, whatever stands in it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest

from nof0_core.domain.journal_line import JournalLine
from nof0_core.exporters.sql.cleaning import LONGEST, clean_json, clean_text
from nof0_core.exporters.sql.rows import Rows
from nof0_core.ids import TraderId
from nof0_core.storage.database import opened
from nof0_core.storage.preparing import prepare
from nof0_core.storage.reading import rows_between
from nof0_core.storage.tables import Batch, Cursor, CursorMovedError, Tables

pytestmark = pytest.mark.anyio

LATE = datetime(2104, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
DIGITS = D("12345678901234567890.123456789012345678")
NAME = 'o\'brien "the" fox; DROP TABLE events--\x00'
END = Cursor(seq=1, hash="f" * 64)


def line(text=b'{"a":"\x00\xff"}'):
    return JournalLine(
        seq=1, time=LATE, stream=TraderId("it's"), type="x", line=text, hash=END.hash
    )


def batch(rows, after=None, lines=None):
    return Batch(
        after=after or Cursor(),
        until=END,
        lines=[(date(2104, 2, 29), line())] if lines is None else lines,
        rows=rows.all(),
        time=LATE,
    )


def hostile():
    rows = Rows("engine's")
    rows.seq = 1
    rows.put(
        "traders", trader_id=NAME, valid_from=LATE, name=NAME,
        config=clean_json({NAME: [DIGITS, "\x00", "\ud800", 1.5, None]}), risk_params={},
    )  # fmt: skip
    rows.put(
        "trader_fills", provider_id="p", trade_id=NAME, trader_id=NAME, order_id=None,
        venue_order_id="'", symbol="BTC", side="buy", fill_price=DIGITS, fill_size=-DIGITS,
        commission=D("1E-18"), is_liquidation=True, is_taker=False, timestamp=LATE,
    )  # fmt: skip
    rows.put(
        "llm_conversations", trader_id="t", cycle_id="c", number=1, timestamp=LATE, prompt=[],
        response="é" * 5_000_000, chain_of_thought="", outcome="answered", detail="", tokens=2**40,
        usage={}, cost_usd=None, model="m", endpoint_model=None,
    )  # fmt: skip
    return rows


async def test_hostile_values_come_back(target):
    async with opened(target.settings) as database:
        await prepare(database)
        await Tables(database, engine="engine's", exporter="x").write(batch(hostile()))
        (event,) = (await rows_between(database, "events", "engine's", 0, None)).values()
        (trader,) = (await rows_between(database, "traders", "engine's", 0, None)).values()
        (fill,) = (await rows_between(database, "trader_fills", "engine's", 0, None)).values()
        (call,) = (await rows_between(database, "llm_conversations", "engine's", 0, None)).values()
    name = NAME.replace("\x00", "\ufffd")
    assert bytes(event["line"]) == line().line
    assert (event["stream"], event["day"]) == ("it's", date(2104, 2, 29))
    assert trader["name"] == name
    assert trader["config"] == {name: [str(DIGITS), "\ufffd", "\ufffd", 1.5, None]}
    assert trader["valid_from"] == LATE
    assert (fill["fill_price"], fill["fill_size"]) == (DIGITS, -DIGITS)
    assert (fill["commission"], fill["timestamp"]) == (D("1E-18"), LATE)
    assert (fill["is_liquidation"], fill["is_taker"]) == (True, False)
    assert call["response"] == "é" * (LONGEST // 2) + "…[cut 9000000]"
    assert call["tokens"] == 2**40


async def test_a_refused_batch_leaves_nothing(target):
    async with opened(target.settings) as database:
        await prepare(database)
        tables = Tables(database, engine="engine's", exporter="x")
        await tables.write(batch(hostile()))
        with pytest.raises(CursorMovedError):
            await tables.write(batch(Rows("engine's"), lines=[]))
        # The same line once more, though the cursor fits: the key refuses it, and the rows with it.
        rows = Rows("engine's")
        rows.put("traders", trader_id="new", valid_from=LATE, name="", config={}, risk_params={})
        with pytest.raises(Exception, match="(?i)unique"):
            await tables.write(batch(rows, after=END))
        assert len(await rows_between(database, "traders", "engine's", -1, None)) == 1
        assert await tables.cursor() == END


def test_a_long_text_is_cut_at_a_letter_and_a_short_one_is_not():
    assert clean_text("x" * LONGEST) == "x" * LONGEST
    cut = clean_text("x" + "é" * LONGEST)
    assert cut.startswith("xé")
    assert cut.endswith(f"é…[cut {LONGEST + 2}]")
    assert clean_text(cut.replace("é", "e")[:100]) == cut.replace("é", "e")[:100]
