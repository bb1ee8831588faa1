"""Records of the journal as text for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs
import msgspec
from rich.cells import cell_len, set_cell_size

from nof0_core.cli.event_strip import shortened
from nof0_core.domain.account import AccountReport
from nof0_core.domain.event import (
    AccountReported,
    Alerted,
    Body,
    BrakeReleased,
    BrakeTripped,
    CallsLost,
    CoinRested,
    ConfigLoaded,
    ControlAnswered,
    CycleEnded,
    CyclesHeld,
    Decided,
    EngineStarted,
    EngineStopped,
    Event,
    ExitPlanSet,
    Filled,
    FundingSettled,
    GapFound,
    HourMarked,
    HoursMarked,
    InstrumentsListed,
    MarketSeen,
    MarksSeen,
    Offset,
    OrderAnswered,
    OrderIntended,
    Rebalanced,
    Reconciled,
    Transferred,
)
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.ids import TraderId
from nof0_core.money import plain

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from nof0_core.journal import Record

_LONG = "2025-01-31 00:00:00"
_LEAST = 24
"""Columns that are left for what happened before others go."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def lines_of(
    events: Iterable[Event],
    width: int | None = None,
    *,
    least: Sequence[int] = (0, 0, 0, 0),
    is_headed: bool = True,
) -> list[str]:
    """Lay events out, one line each, below a line of headings; the number comes first.

    `least` are the columns that number, time, stream and type take at least.

    In so many columns what happened loses words at its end, and where that is not enough the time
    loses year and seconds, then stream, type and time go; None: nothing is left out.
    """
    rows = [("seq", "time (UTC)", "stream", "type", "what happened")]
    for event in events:
        said = clean(" ".join(summary(event.body).split("\n")))
        rows.append((str(event.seq), _time(event.time), clean(event.stream), event.body.type, said))
    rows = rows if is_headed else rows[1:]
    wide = [max([least[at], *(cell_len(row[at]) for row in rows)]) for at in range(4)]
    kept = [0, 1, 2, 3]

    def is_wide() -> bool:
        return width is not None and sum(wide[at] + 2 for at in kept) + _LEAST > width

    if is_wide():
        rows = [(row[0], _short(row[1]), *row[2:]) for row in rows]
        wide[1] = len(_short(_LONG))
    for leaving in (2, 1, 3):
        if is_wide():
            kept.remove(leaving)
    lines = []
    for row in rows:
        cells = [set_cell_size(row[at], wide[at]) for at in kept if at]
        head = "  ".join([row[0].rjust(wide[0]), *cells])
        room = None if width is None else width - cell_len(head) - 2
        said = row[4] if room is None else shortened(row[4], room)
        lines.append(f"{head}  {said}".rstrip())
    return lines


def summary(body: Body) -> str:  # noqa: C901, PLR0911, PLR0912 - one line for each type of event
    """Say in one line what an event was."""
    match body:
        case EngineStarted():
            return f"nof0 {body.version}, {body.clock} clock, {len(body.traders)} traders"
        case EngineStopped():
            return body.reason
        case ConfigLoaded():
            return f"configuration {body.digest[:12]}, {len(body.templates)} prompt templates"
        case InstrumentsListed():
            return f"{body.section}: {', '.join(body.instruments)}"
        case AccountReported():
            return f"{body.venue_account}: {_report(body.report)}"
        case Transferred():
            return f"{body.reason}: {_amounts(body.amounts)}"
        case MarketSeen():
            symbols = msgspec.json.decode(body.snapshots, type=dict[str, msgspec.Raw])
            return f"{body.section}: {', '.join(symbols)}  {body.digest[:12]}"
        case MarksSeen():
            marks = ", ".join(f"{coin} {plain(mark)}" for coin, mark in body.marks.items())
            return f"{body.venue_account}: {marks or 'nothing held'}"
        case CycleEnded():
            return _cycle(body)
        case CyclesHeld():
            return f"held {body.count} times, {body.first:%H:%M:%S} to {body.last:%H:%M:%S}"
        case Decided():
            return f"#{body.number} {_judged(body)}"
        case CallsLost():
            took = f"{body.usage.tokens} tokens, {plain(body.usage.cost_usd)} USD"
            return f"{len(body.calls)} calls to models without a cycle: {took}"
        case OrderIntended():
            return f"{body.purpose}: {request(body.request)}"
        case OrderAnswered():
            return f"{body.symbol} {outcome(body.outcome)}"
        case Filled():
            return fill(body.fill)
        case FundingSettled():
            return f"{body.symbol} at rate {plain(body.rate)}: {_amounts(body.amounts)}"
        case Offset():
            price = plain(body.price)
            return f"{body.symbol} at {price} ({body.reason}): {_coins(body.quantities)}"
        case CoinRested():
            return f"{body.symbol} rests until {_time(body.until)}: {body.reason}"
        case ExitPlanSet():
            stop, target = _price(body.plan.stop_loss), _price(body.plan.take_profit)
            why = f" ({body.reason})" if body.reason else ""
            return f"{body.symbol} stop {stop}, target {target}, by {body.protection}{why}"
        case HourMarked():
            equity = sum((account.equity for account in body.accounts), Decimal(0))
            return f"{len(body.accounts)} accounts, equity {equity:.2f} USD"
        case HoursMarked():
            equity = sum((account.equity for account in body.accounts), Decimal(0))
            what = f"{len(body.accounts)} accounts, equity {equity:.2f} USD"
            return f"{body.count} hours until {_time(body.last)}: {what}"
        case Rebalanced():
            shares = ", ".join(
                f"{who} {plain(round(share, 6))} %" for who, share in body.after.items()
            )
            return f"{body.strategy}: {shares}"
        case Reconciled():
            if not body.drift:
                return f"{body.venue_account}: ledger and exchange agree"
            what = ", ".join(f"{d.symbol or ''} {d.what}".strip() for d in body.drift)
            return f"{body.venue_account}: drift in {what}"
        case Alerted():
            return f"{body.code}: {body.message}"
        case BrakeTripped():
            until = f" (until {_time(body.until)})" if body.until is not None else ""
            return f"{body.brake}: {body.message}{until}"
        case BrakeReleased():
            return f"{body.brake}: {body.reason}"
        case ControlAnswered():
            meant = (body.command, body.venue_account, body.trader, body.symbol)
            what = " ".join(filter(None, meant))
            return f"{what}: {body.outcome}, {body.message}"
        case GapFound():
            return f"records {body.first} to {body.last} were lost in a power failure"
        case _:
            return ""


def document_of(record: Record, body: Body) -> RenderableType:
    """Lay out all of a record; nothing that was recorded is left out."""
    from rich.console import Group
    from rich.rule import Rule
    from rich.text import Text

    lines = [
        f"record  {record.seq}  {body.type}  {summary(body)}",
        f"stream  {record.stream}",
        f"time    {record.time.isoformat()}",
        f"written {record.wall}, took {float(record.took):g} s",
        f"by      {record.by}, lease {int(record.lease)}",
        f"hash    {record.hash}",
        f"prev    {record.prev}",
    ]
    parts: list[Any] = [Text(clean("\n".join(lines)))]
    texts = {
        field.name: _text(getattr(body, field.name))
        for field in attrs.fields(type(body))  # type: ignore[arg-type]  # every body is an attrs class
    }
    short = {name: text for name, text in texts.items() if "\n" not in text.plain}
    width = max((len(name) for name in short), default=0)
    if short:
        parts.append(Rule())
        parts.extend(Text(f"{name:<{width}}  ") + text for name, text in short.items())
    for name, text in texts.items():
        if name not in short:
            parts.extend((Rule(name.replace("_", " "), align="left"), text))
    return Group(*parts)


def clean(text: str) -> str:
    """Take out control characters, with which a model could steer the terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def request(order: OrderRequest) -> str:
    """Write an order in one line."""
    trigger = f", at {order.trigger.kind} {plain(order.trigger.price)}" if order.trigger else ""
    only = ", reduce only" if order.is_reduce_only else ""
    return (
        f"{order.side} {plain(order.size)} {order.symbol} up to {plain(order.limit_price)} "
        f"{order.tif}{trigger}{only}"
    )


def outcome(answer: OrderOutcome) -> str:
    """Write the venue's answer in one line."""
    filled = f", {plain(answer.filled_size)} filled" if answer.filled_size else ""
    price = f" at {plain(answer.average_price)}" if answer.average_price is not None else ""
    why = f": {answer.reason}" if answer.reason else ""
    return f"{answer.status}{filled}{price}{why}"


def fill(execution: Fill) -> str:
    """Write an execution in one line."""
    forced = ", liquidation" if execution.is_liquidation else ""
    return (
        f"{execution.side} {plain(execution.size)} {execution.symbol} at {plain(execution.price)}, "
        f"fee {plain(execution.fee)} USD{forced}"
    )


def _cycle(body: CycleEnded) -> str:
    if body.status != "ok":
        return f"#{body.number} {body.status}: {body.error}"
    count = len(body.fills)
    done = f", {count} fill{'s' if count > 1 else ''}" if count else ""
    trouble = f"; {body.error}" if body.error else ""
    return f"#{body.number} {_judged(body)}{done}{trouble}"


def _report(report: AccountReport) -> str:
    account, orders = report.account, len(report.orders)
    held = ", ".join(f"{plain(p.quantity)} {p.symbol}" for p in report.positions) or "no positions"
    return (
        f"equity {plain(account.equity)} USD, cash {plain(account.raw_usd)} USD, {held}, "
        f"{orders} orders"
    )


def _judged(body: CycleEnded | Decided) -> str:
    said = [
        f"{j.decision.signal} {j.decision.symbol}"
        + ("" if j.is_approved else f" REJECTED ({', '.join(v.code for v in j.verdicts)})")
        for j in body.judgements
    ]
    return ", ".join(said) or "no decisions"


def _text(value: Any) -> Text:
    """Write a value: on one line if it is simple, as an indented outline if not."""
    from rich.text import Text

    return Text(clean("\n".join(_lines(value))))


def _lines(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.splitlines() or ["–"]
    if isinstance(value, msgspec.Raw):
        return _lines(msgspec.json.decode(value))
    if isinstance(value, Decimal):
        return [plain(value)]
    if isinstance(value, datetime):
        return [value.isoformat()]
    if attrs.has(type(value)):
        return _outline({f.name: getattr(value, f.name) for f in attrs.fields(type(value))})
    if isinstance(value, dict):
        return _outline(value) or ["–"]
    if isinstance(value, tuple | list):
        return _items(value)
    return ["–" if value is None else str(value)]


def _outline(values: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, value in values.items():
        inner = _lines(value)
        if len(inner) == 1:
            lines.append(f"{name}: {inner[0]}")
        else:
            lines.append(f"{name}:")
            lines.extend(f"    {line}" for line in inner)
    return lines


def _items(values: tuple[Any, ...] | list[Any]) -> list[str]:
    if not values:
        return ["–"]
    if all(not attrs.has(type(v)) and not isinstance(v, dict | list | tuple) for v in values):
        return [", ".join(_lines(v)[0] for v in values)]
    lines: list[str] = []
    for value in values:
        first, *rest = _lines(value)
        lines.append(f"- {first}")
        lines.extend(f"  {line}" for line in rest)
    return lines


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _short(time: str) -> str:
    """Leave out year and seconds; the heading stays."""
    return time[5:16] if len(time) == len(_LONG) else time


def _coins(quantities: Mapping[TraderId, Decimal]) -> str:
    return ", ".join(f"{who} {plain(quantity)}" for who, quantity in quantities.items())


def _amounts(amounts: Mapping[TraderId, Decimal]) -> str:
    """Write `ann +5 USD, bob -5 USD`."""
    return ", ".join(f"{t} {'+' if a > 0 else ''}{plain(a)} USD" for t, a in amounts.items())


def _price(price: Decimal | None) -> str:
    return "–" if price is None else plain(price)
