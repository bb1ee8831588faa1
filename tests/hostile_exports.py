"""Exports of an arena that is far larger and odder than any demo."""

from __future__ import annotations

import json

from nof0_core.documents.export_note import digest_of

START = 1_735_689_600.0
HOUR = 3600
YEAR = 8760
LONG = "x" * 150 + "\u202e<b>" + "y" * 146
"""A name of 300 letters, with markup and a mark that turns the order of letters around."""


def write(directory, number, documents):
    """Put documents of one export in place, the note of it last, as the exporter does."""
    note = {"export": number, "time": START, "documents": {}}
    for name, document in documents.items():
        text = json.dumps(document)
        note["documents"][f"{name}.json"] = digest_of(text.encode())
        _replace(directory / f"{name}.json", text)
    _replace(directory / "export.json", json.dumps(note))


def _replace(path, text):
    draft = path.parent / f".{path.name}"
    draft.write_text(text)
    draft.replace(path)


def crowd(number=500, years=1):
    """Documents of so many traders, the first with a year of hours, the others with a few."""
    names = [LONG, *(f"trader_{at:03}" for at in range(1, number))]
    totals = []
    for at, name in enumerate(names):
        hours = range(0 if at < years else YEAR - 5, YEAR + 1)
        totals += [_hour(name, hour, 10 * at / number - 5) for hour in hours]
    plan = {"profit_target": 110.0, "stop_loss": 90.0, "invalidation_condition": LONG}
    return {
        "account-totals": {"accountTotals": totals, "lastHourlyMarkerRead": YEAR},
        "leaderboard": {"leaderboard": [_row(name, at, number) for at, name in enumerate(names)]},
        "since-inception-values": {
            "sinceInceptionValues": [
                {
                    "id": name,
                    "model_id": name,
                    "nav_since_inception": 10_000.0,
                    "inception_date": START,
                    "num_invocations": 5,
                }
                for name in names
            ]
        },
        "positions": {
            "accountTotals": [
                {"model_id": name, "positions": {"BTC": _position(plan)}} for name in names
            ]
        },
        "crypto-prices": {"prices": {"BTC": {"symbol": "BTC", "price": 1.0, "timestamp": 0}}},
        "trades": {"trades": []},
        "conversations": {"conversations": [_talk(name) for name in names]},
        "status": status(names, 1),
        "candles": {"candles": []},
        "analytics": {"analytics": []},
    }


def status(names, said, heartbeat=4e9):
    """The engine's words; `said` stands in its reason."""
    trader = {"status": "ok", "reason": "", "until": None, "failed_by_reason": {}}
    return {
        "engine": {
            "state": "running",
            "reason": f"export {said}",
            "since": START,
            "clock": "system",
            "speed": None,
            "heartbeat": heartbeat,
            "notes": [],
        },
        "traders": [
            {"id": name, "name": name, "cycles": 5, "usable_answers": 5, **trader} for name in names
        ],
        "services": [],
        "alerts": [],
        "exporters": {},
    }


def _hour(name, hour, drift):
    made = drift * hour / YEAR + (hour % 7) / 10
    return {
        "id": f"{name}_{hour}",
        "model_id": name,
        "timestamp": START + hour * HOUR,
        "dollar_equity": 10_000 + 100 * made,
        "return_pct": made,
        "realized_pnl": 100 * made,
        "total_unrealized_pnl": 0.0,
        "since_inception_hourly_marker": hour,
        "positions": {},
    }


def _row(name, at, number):
    return {
        "id": name,
        "name": name,
        "num_trades": at,
        "num_wins": 0,
        "num_losses": at,
        "sharpe": 0.1,
        "win_dollars": 0.0,
        "lose_dollars": 0.0,
        "return_pct": 10 * at / number - 5,
        "equity": 10_000.0,
        "cycles": 5,
        "usable_answers": 5,
    }


def _position(plan):
    return {
        "symbol": "BTC",
        "quantity": 1.0,
        "entry_price": 100.0,
        "current_price": 101.0,
        "entry_time": START,
        "leverage": 3.0,
        "margin": 33.0,
        "unrealized_pnl": 1.0,
        "liquidation_price": None,
        "confidence": 0.8,
        "risk_usd": 10.0,
        "exit_plan": plan,
    }


def _talk(name):
    said = {"role": "assistant", "content": LONG, "timestamp": START}
    signal = {"signal": "hold", "leverage": None, "invalidation_condition": LONG}
    return {
        "model_id": name,
        "messages": [said],
        "timestamp": START,
        "inserted_at": START,
        "summary": LONG,
        "cot_trace": LONG,
        "cot_trace_summary": LONG,
        "user_prompt": "",
        "llm_response": {"BTC": signal},
        "verdicts": [],
        "status": "ok",
    }
