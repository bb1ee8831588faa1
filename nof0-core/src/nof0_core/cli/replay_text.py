"""What `nof0 replay` shows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn
from rich.text import Text

from nof0_core.backtest.replay.replaying import Replayed, Tally
from nof0_core.backtest.replay.rerun import Rerun
from nof0_core.cli.journal_text import clean
from nof0_core.cli.narrow import Column, fitted
from nof0_core.domain.decision import Judgement
from nof0_core.domain.model import usage_of
from nof0_core.money import plain

if TYPE_CHECKING:
    from nof0_core.backtest.replay.what_if import Variant
    from nof0_core.project import Asked

MOST_CYCLES = 5
"""So many differing cycles are shown with what differs; more are named on a line each."""
MOST_LINES = 24
"""Lines of one diff."""
MOST_NAMED = 20
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class Shown:
    """Takes in cycles as they are done, shows those that differ, and how far it is.

    `kept` are those that differ or could not be done again.
    """

    def __init__(self, *, is_all: bool, is_silent: bool, count: int) -> None:
        self.kept: list[Rerun] = []
        self._is_all = is_all
        self._is_silent = is_silent
        self._told = 0
        self._bar = Progress(
            "replaying",
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=is_silent or not Console(stderr=True).is_terminal,
        )
        self._task = self._bar.add_task("cycles", total=max(count, 1))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, one: Rerun) -> None:
        """Take in one cycle."""
        self._bar.advance(self._task)
        if one.differences or one.missing:
            self.kept.append(one)
        if not one.differences or self._is_silent:
            return
        self._told += 1
        if self._is_all or self._told <= MOST_CYCLES:
            _print_differences(one, is_all=self._is_all)
        elif self._told <= MOST_CYCLES + MOST_NAMED:
            parts = ", ".join(dict.fromkeys(str(each.part) for each in one.differences))
            click.echo(f"{_name(one)}: {parts}")
        elif self._told == MOST_CYCLES + MOST_NAMED + 1:
            click.echo("… and more; --all shows them")


def _print_differences(one: Rerun, *, is_all: bool) -> None:
    click.secho(_name(one), bold=True)
    for each in one.differences:
        click.echo(f"  the {each.part} is not as it was")
        for reason in each.reasons:
            click.echo(f"  because: {clean(reason)}")
        shown = each.lines if is_all else each.lines[:MOST_LINES]
        for line in shown:
            click.secho(f"    {clean(line)}", fg=_colour(line))
        if len(shown) < len(each.lines):
            click.echo(f"    … {len(each.lines) - len(shown)} more lines; --all shows them")


def _name(one: Rerun) -> str:
    when = f"{one.scheduled:%Y-%m-%d %H:%M:%S}"
    return f"{one.trader}, cycle {one.number} of {when} (record {one.seq}, {one.cycle[:8]})"


def _colour(line: str) -> str | None:
    return None if "NO_COLOR" in os.environ else _COLOURS.get(line[:1])


def summary(result: Replayed, *, width: int) -> Iterator[RenderableType]:
    """Lay out what came of all: a table of traders, what is wrong with the journal, a verdict."""
    if result.traders:
        rows = sorted(result.traders.items())
        yield fitted(_columns(result), rows, width=width, title="")
    for text in result.changed[:MOST_NAMED]:
        yield f"note: {clean(text)}"
    if len(result.changed) > MOST_NAMED:
        left = len(result.changed) - MOST_NAMED
        yield f"note: {left} more records are not as they were written: `nof0 journal verify`"
    for text, count in result.why_missing.most_common(MOST_NAMED):
        yield f"not done again, {_count(count, 'cycle')}: {clean(text)}"
    if result.stopped:
        yield f"stopped: {clean(result.stopped)}"
    if result.held:
        held = _count(result.held, "cycle")
        yield f"{held} in which a rule held have no market in the journal and were left out"
    unsent = sum(one.unsent for one in result.traders.values())
    if unsent:
        yield (
            f"{_count(unsent, 'approved decision')} not sent: the reason was the venue's or the "
            "account's at that moment, and is taken as recorded"
        )
    unpriced = sum(one.unpriced for one in result.traders.values())
    if unpriced:
        yield (
            f"{_count(unpriced, 'order')} not compared: the journal is of an earlier version and "
            "does not have the price of sending"
        )
    yield verdict(result)


def verdict(result: Replayed) -> str:
    """Say in one line what came of it."""
    same = sum(one.same for one in result.traders.values())
    words = [f"{_count(same, 'cycle')} came out the same to the last byte"]
    if result.different:
        words.append(f"{result.different} {'differs' if result.different == 1 else 'differ'}")
    if result.missing:
        words.append(f"{result.missing} could not be done again")
    unasked = sum(one.unasked for one in result.traders.values())
    if unasked:
        words.append(f"{unasked} ended before a question")
    return ", ".join(words)


def _columns(result: Replayed) -> list[Column[tuple[str, Tally]]]:
    def number(name: str, leaves: int = 0) -> Column[tuple[str, Tally]]:
        def cell(row: tuple[str, Tally]) -> Text:
            count = getattr(row[1], names[name])
            is_bad = name in {"differ", "not done"} and count
            return Text(f"{count:,}", style="red" if is_bad else "")

        return Column(name=name, cell=cell, leaves=leaves)

    names = {
        "cycles": "cycles",
        "same": "same",
        "differ": "different",
        "not done": "missing",
        "not asked": "unasked",
        "prompts": "prompts",
        "rules": "rules",
        "orders": "orders",
    }
    found = [
        Column[tuple[str, Tally]](
            name="trader", cell=lambda row: Text(clean(row[0])), is_words=True, least=20
        ),
        number("cycles"),
        number("same", 5),
        number("differ"),
    ]
    if result.missing:
        found.append(number("not done"))
    if any(one.unasked for one in result.traders.values()):
        found.append(number("not asked", 4))
    return [*found, number("prompts", 3), number("rules", 1), number("orders", 2)]


def document_of(result: Replayed, kept: Sequence[Rerun]) -> dict[str, Any]:
    """Return all of it for scripts."""
    import attrs

    return {
        "cycles": result.cycles,
        "same": sum(one.same for one in result.traders.values()),
        "different": result.different,
        "not_done": result.missing,
        "held": result.held,
        "traders": {name: attrs.asdict(one) for name, one in sorted(result.traders.items())},
        "changed_records": result.changed,
        "stopped": result.stopped or None,
        "hints": list(result.hints),
        "cycles_that_differ": [_document(one) for one in kept],
    }


def _document(one: Rerun) -> dict[str, Any]:
    return {
        **_heading(one.trader, one.cycle, one.number, one.seq),
        "scheduled": one.scheduled,
        "not_done": one.missing or None,
        "differences": [
            {"part": str(each.part), "reasons": list(each.reasons), "diff": "\n".join(each.lines)}
            for each in one.differences
        ],
    }


def _heading(trader: str, cycle: str, number: int, seq: int) -> dict[str, Any]:
    return {"trader": trader, "cycle": cycle, "number": number, "record": seq}


def variant_document(one: Variant, asked: Asked | None) -> dict[str, Any]:
    """Return a cycle with another prompt for scripts."""
    body = one.case.body
    found = {
        **_heading(body.trader, body.cycle, body.number, one.case.seq),
        "scheduled": body.scheduled,
        "digest": one.prompt.digest,
        "recorded_digest": body.prompt_digest,
        "diff": "\n".join(one.lines),
        "messages": [{"role": m.role, "content": m.content} for m in one.prompt.messages],
    }
    if asked is not None:
        found["asked"] = {
            "status": str(asked.status),
            "error": asked.error or None,
            "answer": "" if asked.completion is None else asked.completion.text,
            "decisions": [_judged(each) for each in asked.judgements],
            "usd": plain(usage_of(asked.calls).cost_usd),
            "latency_s": round(asked.latency_s, 3),
        }
    return found


def _judged(judged: Judgement) -> dict[str, Any]:
    decision = judged.decision
    return {
        "signal": str(decision.signal),
        "symbol": decision.symbol,
        "is_approved": judged.is_approved,
        "size_usd": None if judged.size_usd is None else plain(judged.size_usd),
        "verdicts": [{"code": v.code, "message": v.message} for v in judged.verdicts],
    }


def variant_lines(
    one: Variant, asked: Asked | None, *, has_template: bool
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield lines with their style: the diff of the prompt, and what was answered to it."""
    body = one.case.body
    when = f"{body.scheduled:%Y-%m-%d %H:%M:%S}"
    yield f"{body.trader}, cycle {body.number} of {when} (record {one.case.seq})", {"bold": True}
    if has_template:
        for line in one.lines:
            yield f"  {clean(line)}", {"fg": _colour(line)}
        if not one.lines:
            yield "  the prompt is the same", {}
    if asked is None:
        return
    recorded = [f"{each.decision.signal} {each.decision.symbol}" for each in body.judgements]
    yield f"  recorded: {body.model}: {', '.join(recorded) or body.status.value}", {}
    usage = usage_of(asked.calls)
    cost = f", {plain(usage.cost_usd)} USD" if usage.cost_usd else ""
    name = "" if asked.completion is None else f"{clean(asked.completion.model)}: "
    yield f"  now: {name}{asked.status.value}, {asked.latency_s:.1f} s{cost}", {}
    if asked.error:
        yield f"    {clean(asked.error)}", {}
    for each in asked.judgements:
        decision = each.decision
        word = "approved" if each.is_approved else "refused"
        size = "" if each.size_usd is None else f", {plain(each.size_usd)} USD"
        yield f"    {decision.signal} {decision.symbol}: {word}{size}", {}
        for said in each.verdicts:
            yield f"      {said.code}: {clean(said.message)}", {}


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
