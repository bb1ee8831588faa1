"""Prompts of a long run: rendered once a moment, for the other traders changed where they differ.

Rendering is most of what a cycle costs. What all see alike, the market above all, is the same in
their prompts; the account and the first line are written anew, in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import attrs

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import Message, Prompt, digest_of
from nof0_core.prompts import PromptBook

ACCOUNT, RULES = "# Account\n", "# Rules that are enforced\n"


@contextmanager
def shared_prompts() -> Iterator[None]:
    """Let all prompts of a moment be made from the first, while the context lasts."""
    render = PromptBook.render
    seen: tuple[datetime | None, Prompt | None] = None, None

    def shared(book: PromptBook, context: DecisionContext, *, trader_name: str) -> Prompt:
        nonlocal seen
        time, first = seen
        made = None
        if first is not None and time == context.time:
            made = _for(context, trader_name, first)
        if made is None:
            made = render(book, context, trader_name=trader_name)
            seen = context.time, made
        return made

    PromptBook.render = shared  # type: ignore[method-assign]
    try:
        yield
    finally:
        PromptBook.render = render  # type: ignore[method-assign]


def _for(context: DecisionContext, name: str, first: Prompt) -> Prompt | None:
    """Return the prompt for another trader; None if the template is not the one known here."""
    system, user = first.messages
    head, _, rest = user.content.partition("\n")
    market, found, rest = rest.partition(ACCOUNT)
    _, also_found, rules = rest.partition(RULES)
    if not found or not also_found:
        return None
    minutes = round((context.time - context.started_at).total_seconds() / 60)
    decided = context.performance.cycles
    head = (
        f"{head.partition(' You have been')[0]} You have been trading for {minutes} minutes and "
        f"have decided {decided} times. You are asked again in 3 min; until then only stops and "
        "targets act."
    )
    text = f"{head}\n{market}{ACCOUNT}{_account(context)}\n{RULES}{rules}"
    said = system.content.splitlines(keepends=True)
    said[0] = f"You are {name}, an independent trader of crypto perpetual futures.\n"
    messages = (
        attrs.evolve(system, content="".join(said)),
        Message(role="user", content=text),
    )
    return Prompt(messages=messages, digest=digest_of(messages), versions=first.versions)


def _account(context: DecisionContext) -> str:
    account, done = context.account, context.performance
    free = account.equity - account.margin_used
    text = (
        f"Equity {account.equity:.2f} USD, cash {account.cash:.2f}, free for margin {free:.2f}, "
        f"margin in use {account.margin_used:.2f}.\n"
        f"{account.deposited:.2f} USD deposited. Unrealised profit {account.unrealized_pnl:.2f}, "
        f"realised after costs {account.realized_pnl:.2f}. Paid in fees {account.fees:.2f}, net "
        f"funding {account.funding:.2f} (negative: paid).\n"
        f"{done.trades} trades closed, Sharpe ratio {done.sharpe_ratio}.\n\n# Open positions\n"
    )
    for held in account.holdings:
        side = "long" if held.quantity > 0 else "short"
        minutes = round((context.time - held.opened_at).total_seconds() / 60)
        plan = held.exit_plan
        text += (
            f"{held.symbol}: {side} {abs(held.quantity)} at {held.entry_price:.6g}, mark "
            f"{held.mark}, {held.leverage}x, margin {held.margin:.2f}; held {minutes} min.\n"
            f"  profit {held.unrealized_pnl:.2f} USD; fees {held.fees:.2f}, funding "
            f"{held.funding:.2f}; confidence at entry {held.confidence}\n"
            f"  exit plan: stop {plan.stop_loss}, target {plan.take_profit}, at risk "
            f"{held.risk_usd} USD, invalid if <data>{plan.invalidation_condition}</data>\n"
        )
    text += "\n# Your last trades\n"
    for trade in context.past.trades:
        side = "long" if trade.is_long else "short"
        text += (
            f"{trade.symbol} {side}: {trade.size} at {trade.entry_price:.6g}, closed at "
            f"{trade.exit_price:.6g} by {trade.reason}, {trade.net_pnl:.2f} USD net\n"
        )
    return text
