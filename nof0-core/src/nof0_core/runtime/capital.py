"""The first moments of a run: what a killed one left, capital for new traders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal, localcontext
from functools import partial

from nof0_core.border.answers import wrong
from nof0_core.border.foreign import reraise
from nof0_core.config.model import Config, TraderConfig
from nof0_core.domain.account import AccountReport
from nof0_core.domain.event import Filled, Transferred
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import Side
from nof0_core.domain.position import VenuePosition
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.errors import ProviderError, TransientError, UsageError
from nof0_core.ids import ENGINE, RESERVE, UNASSIGNED, TraderId, is_shared
from nof0_core.money import EXACT, HUNDRED, ZERO, exactly, plain, truncate_usd
from nof0_core.protocols import ExchangeProvider
from nof0_core.runtime import origins
from nof0_core.runtime.first_calls import FirstCalls
from nof0_core.spending.open_calls import OpenCalls
from nof0_core.state.recorder import Recorder


def book_lost_calls(calls: OpenCalls, recorder: Recorder) -> None:
    """Write down the calls to models during which an earlier process ended, as it left them.

    Raises:
        JournalError: the notes of them cannot be read, or the journal not be written.
    """
    found = list(calls.lost(recorder.state.spending.newest))
    for lost in found:
        recorder.record(lost.trader, lost)
        recorder.alert(
            "calls_lost",
            f"nof0 ended during a cycle of {lost.trader}: {lost.usage.tokens} tokens and "
            f"{plain(lost.usage.cost_usd)} USD of its calls to models count as spent",
            trader=lost.trader,
        )
    if found:
        # Before they are taken away: after a power failure nobody would count them.
        recorder.events.sync()
    calls.clear()


async def fund_traders(
    *,
    config: Config,
    recorder: Recorder,
    providers: Mapping[str, ExchangeProvider],
    first_calls: FirstCalls,
) -> None:
    """Give each new trader its capital, and the rest of each exchange account to the reserve.

    Raises:
        UsageError: an account does not hold what its traders were promised.
        TransientError: an account could not be read.
    """
    check_traders(config, recorder)
    for venue_account, provider in providers.items():

        async def ask(name: str = venue_account, of: ExchangeProvider = provider) -> AccountReport:
            call = partial(_report, config, name, of)
            return await first_calls.make(f"exchange {name}", "report", call)

        await _fund(config, recorder, venue_account, ask)


async def fund_account(
    config: Config, recorder: Recorder, venue_account: str, provider: ExchangeProvider
) -> None:
    """Do the same for one account, asking it once.

    Raises:
        UsageError: it does not hold what its traders were promised.
        ProviderError: it could not be read.
    """
    ask = partial(_report, config, venue_account, provider)
    await _fund(config, recorder, venue_account, ask)


async def _fund(
    config: Config,
    recorder: Recorder,
    venue_account: str,
    ask: Callable[[], Awaitable[AccountReport]],
) -> None:
    """Fund an account's traders.

    What the account already holds when nof0 first sees it belongs to nobody: it is booked to the
    unassigned account at its entry price, with an alert.
    """
    if not recorder.state.traders(venue_account):
        _adopt(venue_account, await ask(), recorder)
    new = {
        trader.id: capital_of(config, trader)
        for trader in config.traders
        if trader.exchange == venue_account and recorder.state.venue_account_of(trader.id) is None
    }
    with localcontext(EXACT):
        needed = sum(new.values(), ZERO)
    if _reserve(venue_account, recorder) < needed:
        _collect(config, venue_account, recorder)
    for trader_id, capital in new.items():
        _give(venue_account, trader_id, capital, recorder)
    recorder.commit()


async def _report(config: Config, venue_account: str, provider: ExchangeProvider) -> AccountReport:
    try:
        report = await provider.report()
    except BaseException as error:  # noqa: BLE001 - foreign code raises anything
        origin = origins.of_section(config, "exchange", config.exchanges[venue_account])
        reraise(error, origin=origin, verb="report", allowed=(ProviderError,), make=TransientError)
    problem = wrong("report", report)
    if problem:
        message = f"what report answered {problem}"
        raise TransientError(message)
    return report


@exactly
def capital_of(config: Config, trader: TraderConfig) -> Decimal:
    """Return what a trader begins with, in USD: its part of the capital, cut to 6 decimals."""
    return truncate_usd(config.total_equity_usd * trader.allocation_pct / HUNDRED)


def check_traders(config: Config, recorder: Recorder) -> None:
    """See that the journal and the configuration speak of the same traders.

    Raises:
        UsageError: a trader has its capital elsewhere, or one that holds something is gone.
    """
    known = {trader.id: trader for trader in config.traders}
    for trader in known.values():
        home = recorder.state.venue_account_of(trader.id)
        if home not in (None, trader.exchange):
            message = f"trader {trader.id} has its capital on {home}, not on {trader.exchange}"
            raise UsageError(
                message, hints=("give the trader a new id, or start with another --data-dir",)
            )
    for venue_account in config.exchanges:
        for position in recorder.state.positions(venue_account):
            if position.trader not in known and not is_shared(position.trader):
                message = (
                    f"trader {position.trader} still holds {position.quantity} {position.symbol} "
                    f"on {venue_account}, but is not in the configuration any more"
                )
                raise UsageError(
                    message,
                    hints=("put it back until its position is closed, or use another --data-dir",),
                )


def _adopt(venue_account: str, report: AccountReport, recorder: Recorder) -> None:
    with localcontext(EXACT):
        cost = sum((p.quantity * p.entry_price for p in report.positions), ZERO)
        capital = report.account.raw_usd + cost
    # By the venue's time, which is that of all it will list: our clock may be wrong.
    _transfer(recorder, venue_account, {RESERVE: capital}, equities={}, as_of=report.time)
    for number, position in enumerate(report.positions, start=1):
        recorder.record(
            UNASSIGNED,
            Filled(
                trader=UNASSIGNED,
                venue_account=venue_account,
                fill=_as_fill(position, f"adopted-{number}", report.time),
            ),
        )
        recorder.alert(
            "foreign_position",
            f"{venue_account}: the account already holds {position.quantity} {position.symbol}; no "
            f"trader owns it, it is kept on {UNASSIGNED} and never touched",
            symbol=position.symbol,
        )


def _as_fill(position: VenuePosition, name: str, time: datetime) -> Fill:
    return Fill(
        trade_id=name,
        venue_order_id=name,
        client_id=None,
        symbol=position.symbol,
        side=Side.BUY if position.quantity > 0 else Side.SELL,
        price=position.entry_price,
        size=abs(position.quantity),
        fee=ZERO,
        time=time,
    )


def _reserve(venue_account: str, recorder: Recorder) -> Decimal:
    return recorder.state.account(venue_account, RESERVE, {}, recorder.clock.now(), {}).cash


@exactly
def _collect(config: Config, venue_account: str, recorder: Recorder) -> None:
    """Take to the reserve what traders that are not configured any more have left.

    They hold nothing: `check_traders` has seen to that. What an order of theirs that nobody knows
    the end of may still take stays with them.
    """
    state, present = recorder.state, {trader.id for trader in config.traders}
    bound = state.entry_margins(venue_account)
    left: dict[TraderId, Decimal] = {}
    worth: dict[TraderId, Decimal] = {}
    for trader in state.traders(venue_account):
        if trader in present or is_shared(trader):
            continue
        cash = state.account(venue_account, trader, {}, recorder.clock.now(), {}).cash
        amount = truncate_usd(cash - bound.get(trader, ZERO))
        if amount > 0:
            left[trader], worth[trader] = -amount, cash
    if left:
        amounts = {**left, RESERVE: -sum(left.values(), ZERO)}
        _transfer(recorder, venue_account, amounts, equities=worth, reason=TransferReason.REBALANCE)


@exactly
def _give(venue_account: str, trader: TraderId, capital: Decimal, recorder: Recorder) -> None:
    left = _reserve(venue_account, recorder)
    if left < capital:
        message = (
            f"exchange account {venue_account} has {plain(left)} USD left, "
            f"{plain(capital)} USD are needed for {trader}"
        )
        raise UsageError(
            message,
            hints=(
                "lower total_equity_usd or allocation_pct in manager.yaml, or fund the account",
            ),
        )
    amounts = {RESERVE: -capital, trader: capital}
    # Nobody has anything before its first capital.
    _transfer(recorder, venue_account, amounts, equities={trader: ZERO})


def _transfer(
    recorder: Recorder,
    venue_account: str,
    amounts: Mapping[TraderId, Decimal],
    *,
    equities: Mapping[TraderId, Decimal],
    as_of: datetime | None = None,
    reason: TransferReason = TransferReason.INITIAL,
) -> None:
    recorder.record(
        ENGINE,
        Transferred(
            venue_account=venue_account,
            amounts=amounts,
            equities=equities,
            reason=reason,
            as_of=as_of,
        ),
    )
