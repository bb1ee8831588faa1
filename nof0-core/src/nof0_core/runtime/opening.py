"""The first moments of a run: what a killed one left, capital for new traders."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext

from nof0_core.config.model import Config, TraderConfig
from nof0_core.domain.event import Filled, Transferred
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import Side
from nof0_core.domain.position import VenuePosition
from nof0_core.errors import UsageError
from nof0_core.exchange.books import Books
from nof0_core.executor.budget import ModelBudget
from nof0_core.executor.open_calls import OpenCalls
from nof0_core.ids import ENGINE, RESERVE, UNASSIGNED, TraderId
from nof0_core.money import EXACT, HUNDRED, ZERO, exactly, plain, truncate_usd
from nof0_core.protocols import ExchangeProvider


def book_lost_calls(
    calls: OpenCalls, recorded: Mapping[TraderId, int], *, books: Books, budget: ModelBudget
) -> None:
    """Write down and count the calls to models during which an earlier process ended.

    Args:
        calls: as that process left them.
        recorded: number of each trader's newest journal record with calls.
        books: where they are written down.
        budget: what they are taken from, if they were made today.

    Raises:
        JournalError: the notes of them cannot be read, or the journal not be written.
    """
    found = list(calls.lost(recorded))
    for lost in found:
        budget.replay(books.record(lost.trader, lost))
        books.alert(
            "calls_lost",
            f"nof0 ended during a cycle of {lost.trader}: {lost.usage.tokens} tokens and "
            f"{plain(lost.usage.cost_usd)} USD of its calls to models count as spent",
            trader=lost.trader,
        )
    if found:
        # Before they are taken away: after a power failure nobody would count them.
        books.journal.sync()
    calls.clear()


async def endow(*, config: Config, books: Books, providers: Mapping[str, ExchangeProvider]) -> None:
    """Give each new trader its capital, and the rest of each exchange account to the reserve.

    What the account already holds when nof0 first sees it belongs to nobody: it is booked to the
    unassigned account at its entry price, with an alert.

    Raises:
        UsageError: an account does not hold what its traders were promised.
    """
    _check_traders(config, books)
    for section, provider in providers.items():
        if not books.ledger.traders(section):
            await _adopt(section, provider, books)
        for trader in config.traders:
            if trader.exchange == section and books.ledger.section_of(trader.id) is None:
                _give(section, trader.id, capital_of(config, trader), books)
    books.commit()


@exactly
def capital_of(config: Config, trader: TraderConfig) -> Decimal:
    """Return what a trader begins with, in USD: its part of the capital, cut to 6 decimals."""
    return truncate_usd(config.total_equity_usd * trader.allocation_pct / HUNDRED)


def _check_traders(config: Config, books: Books) -> None:
    """See that the books and the configuration speak of the same traders."""
    known = {trader.id: trader for trader in config.traders}
    for trader in known.values():
        home = books.ledger.section_of(trader.id)
        if home not in (None, trader.exchange):
            message = f"trader {trader.id} has its capital on {home}, not on {trader.exchange}"
            raise UsageError(
                message, hints=("give the trader a new id, or start with another --data-dir",)
            )
    for section in config.exchanges:
        for position in books.ledger.positions(section):
            if position.trader not in known and not position.trader.startswith("@"):
                message = (
                    f"trader {position.trader} still holds {position.quantity} {position.symbol} "
                    f"on {section}, but is not in the configuration any more"
                )
                raise UsageError(
                    message,
                    hints=("put it back until its position is closed, or use another --data-dir",),
                )


async def _adopt(section: str, provider: ExchangeProvider, books: Books) -> None:
    account, positions = await provider.account(), await provider.positions()
    with localcontext(EXACT):
        cost = sum((p.size * p.entry_price for p in positions), ZERO)
        capital = account.raw_usd + cost
    _transfer(books, section, {RESERVE: capital})
    for number, position in enumerate(positions, start=1):
        books.record(
            UNASSIGNED,
            Filled(trader=UNASSIGNED, section=section, fill=_as_fill(position, -number, books)),
        )
        books.alert(
            "foreign_position",
            f"{section}: the account already holds {position.size} {position.symbol}; no trader "
            f"owns it, it is kept on {UNASSIGNED} and never touched",
            symbol=position.symbol,
        )


def _as_fill(position: VenuePosition, number: int, books: Books) -> Fill:
    return Fill(
        fill_id=number,
        venue_id=number,
        client_id=None,
        symbol=position.symbol,
        side=Side.BUY if position.size > 0 else Side.SELL,
        price=position.entry_price,
        size=abs(position.size),
        fee=ZERO,
        time=books.clock.now(),
    )


@exactly
def _give(section: str, trader: TraderId, capital: Decimal, books: Books) -> None:
    left = books.ledger.account(section, RESERVE, {}, books.clock.now(), {}).cash
    if left < capital:
        message = (
            f"exchange account {section} has {plain(left)} USD left, "
            f"{plain(capital)} USD are needed for {trader}"
        )
        raise UsageError(
            message,
            hints=(
                "lower total_equity_usd or allocation_pct in manager.yaml, or fund the account",
            ),
        )
    _transfer(books, section, {RESERVE: -capital, trader: capital})


def _transfer(books: Books, section: str, amounts: Mapping[TraderId, Decimal]) -> None:
    books.record(ENGINE, Transferred(section=section, amounts=amounts, reason="initial"))
