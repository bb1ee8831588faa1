"""Short forms of long answers."""

from __future__ import annotations


def talk(at, *, decisions=True, model="one"):
    signal = {"BTC": {"signal": "hold"}} if decisions else {}
    message = {"role": "user", "content": "x" * 5000, "timestamp": at}
    return {"model_id": model, "messages": [message], "timestamp": at, "inserted_at": at,
            "cot_trace_summary": "", "summary": f"at {at}", "user_prompt": "x" * 5000,
            "cot_trace": "why", "llm_response": signal, "verdicts": [], "status": "ok"}  # fmt: skip


def test_only_cycles_that_decided_come_without_what_was_read(site):
    talks = [talk(9), talk(8, decisions=False), talk(7, model="two"), talk(6)]
    site.write("conversations", {"conversations": talks})
    got = site.ask("/api/conversations?decided=2").json["conversations"]
    assert [(one["timestamp"], one["model_id"]) for one in got] == [(9, "one"), (7, "two")]
    wanted = [{**one, "messages": [], "user_prompt": ""} for one in (talks[0], talks[2])]
    assert got == wanted
    assert site.ask("/api/conversations").json["conversations"] == talks
    assert site.ask("/api/conversations?decided=0").status == 400


def series(symbol, interval, step, number):
    bars = [[step * n, 1.0 + n, 2.0, 0.5, 1.5 + n, 3.0] for n in range(number)]
    return {"market": "m", "symbol": symbol, "interval": interval, "bars": bars}


def test_two_bars_tell_how_a_coin_moved_since_yesterday(site):
    candles = [
        series("BTC", "3m", 180, 500),  # 24.95 hours: the shortest that reach back
        series("BTC", "1h", 3600, 100),
        series("ETH", "3m", 180, 100),  # five hours
        series("ETH", "4h", 14400, 100),
        series("XRP", "3m", 180, 100),
        series("SOL", "3m", 180, 0),
    ]
    site.write("candles", {"candles": candles})
    got = site.ask("/api/candles?hours=24").json["candles"]
    assert [(one["symbol"], one["interval"]) for one in got] == [("BTC", "3m"), ("ETH", "4h")]
    btc, eth = (one["bars"] for one in got)
    assert btc == [candles[0]["bars"][19], candles[0]["bars"][499]]
    assert eth[1][0] - eth[0][0] == 86400
    assert len(site.ask("/api/candles?symbol=BTC").json["candles"]) == 2


def test_a_row_that_is_none_is_a_problem_and_not_a_trace(site):
    site.write("candles", {"candles": [{"symbol": "BTC", "bars": "none"}]})
    got = site.ask("/api/candles?hours=24")
    assert got.status == 503
    assert "Traceback" not in got.body.decode()
