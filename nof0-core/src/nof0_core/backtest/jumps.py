"""Which moments of a run nothing can happen at, so that they are left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import attrs

from nof0_core.backtest.account_line import AccountLine
from nof0_core.backtest.price_path import Holes, PricePath
from nof0_core.backtest.waking import Waking
from nof0_core.config.model import Config
from nof0_core.domain.brakes import Brake
from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.domain.event import (
    AccountReported,
    CycleEnded,
    CyclesHeld,
    Decided,
    Event,
    ExitPlanSet,
    Filled,
    FundingSettled,
    HourMarked,
    HoursMarked,
    MarketSeen,
    MarksSeen,
    OrderAnswered,
    OrderIntended,
)
from nof0_core.errors import DataError
from nof0_core.ids import Symbol, TraderId
from nof0_core.manager.manager import Manager
from nof0_core.manager.schedule import Rank, Timer
from nof0_core.manager.trader import Trader
from nof0_core.market.feed import MarketFeed
from nof0_core.money import HUNDRED

_QUIET = frozenset(
    {AccountReported, CycleEnded, CyclesHeld, HourMarked, HoursMarked, MarketSeen, MarksSeen}
)
"""Events after which the next sync finds what the last did."""
_TRADING = frozenset({Decided, ExitPlanSet, Filled, FundingSettled, OrderAnswered, OrderIntended})
"""Events after which it does, too, where all is settled: only accounts are to be valued anew."""


@attrs.define(kw_only=True, eq=False)
class _Follow:
    """One trader: its timer, when it may act, and until when its cycles are accounted for."""

    trader: Trader
    timer: Timer
    waking: Waking | None
    venue_account: str
    market: str
    step: int
    counted: int
    line: AccountLine | None = None
    is_due: bool = False


class Jumps:
    """Sets the timers of a lockstep run to the next moment at which something may happen.

    What is left out are syncs and cycles that would find and do nothing: see `leave`. Every other
    moment is done just as without it. Times within are milliseconds UTC.
    """

    def __init__(
        self,
        *,
        config: Config,
        manager: Manager,
        feeds: Mapping[str, MarketFeed],
        pricing: Mapping[str, str],
        paths: Mapping[str, Mapping[Symbol, PricePath]],
        holes: Mapping[str, Mapping[Symbol, Holes]],
        waking: Mapping[TraderId, Waking],
        end: datetime,
    ) -> None:
        """Prepare a run that ends with the first moment that is not before `end`.

        `pricing` names the market each venue account is valued with, `paths` and `holes` are those
        of all coins, by market.
        """
        self._manager = manager
        self._state = manager.recorder.state
        self._held = manager.held
        self._portfolio = manager.portfolio
        self._feeds, self._pricing = feeds, pricing
        self._paths, self._holes = paths, holes
        self._end = to_ms(end)
        self._last = self._end if manager.ends_at is None else to_ms(manager.ends_at)
        schedule = manager.schedule
        self._syncs = [t for name in manager.accounts for t in schedule.of(Rank.SYNC, name)]
        [self._hour] = schedule.of(Rank.HOUR, "")
        [self._rebalance] = schedule.of(Rank.REBALANCE, "")
        self._marked = to_ms(self._hour.due) - _HOUR
        """The last full hour that is accounted for."""
        self._sync_step = self._syncs[0].step // _MILLISECOND
        self._synced = to_ms(self._syncs[0].due) - self._sync_step
        """The last sync that is accounted for."""
        self._hole = -1
        """When something is missing next; looked up anew once that has begun."""
        self._follows: dict[TraderId, _Follow] = {}
        for trader in config.traders:
            [timer] = schedule.of(Rank.CYCLE, trader.id)
            step = trader.decision_interval // _MILLISECOND
            self._follows[trader.id] = _Follow(
                trader=manager.traders[trader.id],
                timer=timer,
                waking=waking.get(trader.id),
                venue_account=trader.exchange,
                market=trader.market,
                step=step,
                counted=to_ms(timer.due) - step,
            )
        self._over = self._ends()
        self._judges_sharpe = any(
            t.limits.sharpe_pause_threshold is not None for t in config.traders
        )
        self._is_active = self._is_synced = True
        self._now = self._changed = 0
        self._told: bool | None = None
        manager.recorder.listeners.append(self._notice)
        manager.held.leave_out(self._must_ask)

    # --- a moment ---------------------------------------------------------------------------------

    def arrive(self, now: datetime) -> None:
        """Account for the cycles that were left out before this moment."""
        at = to_ms(now)
        for follow in self._follows.values():
            follow.is_due = follow.timer.due <= now
            last = (at - 1) // follow.step * follow.step
            count = (last - follow.counted) // follow.step
            if count > 0:
                if follow.waking is not None and not follow.trader.is_paused:
                    self._account_for(follow, last, count)
                follow.counted = last
        hour = (at - 1) // _HOUR * _HOUR
        if hour > self._marked:
            self._manager.hours_left_out(from_ms(self._marked + _HOUR), from_ms(hour))
            self._marked = hour
        self._is_hour = self._hour.due <= now
        self._now, self._told = at, None
        self._is_synced = all(timer.due <= now for timer in self._syncs)
        if self._is_synced:
            # Only a sync can find that nothing follows from what was before.
            self._is_active = False
            self._manager.syncs_left_out((at - self._synced) // self._sync_step - 1)
            self._synced = at

    def leave(self, now: datetime) -> None:
        """Set timers to the next moment at which something may happen, if that is known.

        Nothing can happen before the next of these: a full hour, capital is shared out, a venue
        fills, liquidates or settles, a price comes to an exit that the engine watches, a target
        that was refused is sent again, a model may act, an account comes near to its margin or to
        a limit of its brakes, a brake ends, a bar is missing, the account has to be recorded
        again, the run ends. After a moment at which something else than trading happened the next
        one is looked at.
        """
        at = to_ms(now)
        for follow in self._follows.values():
            if follow.is_due:
                follow.counted = at // follow.step * follow.step
        if self._is_hour:
            self._marked = at // _HOUR * _HOUR
        if not (self._is_synced or any(follow.is_due for follow in self._follows.values())):
            # An hour was marked, and that was all.
            return
        if self._is_active or not self._is_told(at) or not self._manager.is_settled():
            return
        is_flat = not any(self._state.positions(name) for name in self._manager.accounts)
        planned = self._planned(at, is_flat=is_flat)
        until = min(max(self._over, at + 1), self._next_hole(at), *planned)
        event = self._manager.next_event(now, from_ms(until))
        if event is not None:
            until = min(until, self._sync_at(to_ms(event)))
        until = self._next_watched(at, until)
        for follow in self._follows.values():
            until = min(until, self._own_next(follow, at, until))
            if until <= at + 1:
                return
        # Accounts are valued, and venues brought up to date, by the sync before.
        sync = until // self._sync_step * self._sync_step
        self._set(from_ms(sync if sync > at else until), now, is_flat=is_flat)

    # --- what may happen --------------------------------------------------------------------------

    def _is_told(self, at: int) -> bool:
        """Tell whether prices are those of the recording, and nothing is missing."""
        if self._told is None:
            self._told = self._look(at)
        return self._told

    def _look(self, at: int) -> bool:
        for market, holes in self._holes.items():
            if any(each.covers(at) for each in holes.values()):
                return False
            paths = self._paths[market]
            for venue_account, priced_by in self._pricing.items():
                if priced_by != market:
                    continue
                quotes = self._portfolio.current(venue_account)
                looked = self._sync_step * (at // self._sync_step)
                for symbol, path in paths.items():
                    quote = quotes.get(symbol)
                    if quote is not None and quote.mark != path.mark(looked):
                        return False
        return True

    def _ends(self) -> int:
        """Return the moment at which a run without jumps would end, or the one before its data."""
        steps = [self._sync_step, *(follow.step for follow in self._follows.values())]
        first = min(-(-self._end // step) * step for step in steps)
        if first > self._last:
            first = max(self._last // step * step for step in steps)
        return first

    def _planned(self, at: int, *, is_flat: bool) -> Iterator[int]:
        """Yield what is to be done in any case, as of venues that are looked at then.

        What nobody holds is worth the same at each full hour: marking it needs no look, and where
        hours are kept together no moment.
        """
        if not is_flat or self._judges_sharpe:
            yield to_ms(self._hour.due)
        elif not self._held.hours.is_kept:
            yield (at // _DAY + 1) * _DAY
        if not (is_flat and self._does_capital_rest()):
            yield to_ms(self._rebalance.due)

    def _does_capital_rest(self) -> bool:
        """Tell whether sharing out capital has moved nothing, and nothing has changed since."""
        since = self._manager.shares_rest
        return since is not None and self._changed <= since

    def _next_hole(self, at: int) -> int:
        if self._hole <= at:
            coins = (hole for holes in self._holes.values() for hole in holes.values())
            starts = (hole.next_start(at) for hole in coins)
            self._hole = min((start for start in starts if start is not None), default=self._last)
        return max(self._hole, at + 1)

    def _next_watched(self, at: int, until: int) -> int:
        """Return when a price may come to an exit that the engine watches, or one is sent again."""
        syncs = self._manager.syncs_to_try()
        if syncs is not None:
            until = min(until, max(self._synced + syncs * self._sync_step, at + 1))
        for venue_account, level in self._manager.watched():
            path = self._paths[self._pricing[venue_account]][level.symbol]
            touch = path.touch(at, until, level.price, is_below=level.is_below)
            if touch is not None:
                until = min(until, self._sync_at(touch))
        return until

    def _sync_at(self, moment: int) -> int:
        """Return the first sync at or after a moment."""
        return -(-moment // self._sync_step) * self._sync_step

    def _own_next(self, follow: _Follow, at: int, until: int) -> int:
        """Return the next moment that matters to one trader, `until` if none does before."""
        trader = follow.trader
        cycle = (at // follow.step + 1) * follow.step
        if trader.failures or trader.waits_for or follow.waking is None:
            if not trader.is_paused:
                until = min(until, cycle)
            if follow.waking is None and not self._state.coins(trader.config.id):
                return min(until, self._brake_ends(follow, at, until))
        line = self._line(follow)
        if line is None or not line.is_sound:
            return at + 1
        if follow.waking is not None and not trader.is_paused:
            day = from_ms(at).date()
            if not self._held.is_known(trader.config.id, day):
                return at + 1
            asked = follow.waking.next_ask(at, line.holds)
            until = until if asked is None else min(until, asked)
        until = min(until, self._brake_ends(follow, at, until))
        if line.symbols:
            until = min(until, self._danger(follow, line, at, until))
        return until

    def _brake_ends(self, follow: _Follow, at: int, until: int) -> int:
        """Return when the first of a trader's brakes ends, at a sync or at a cycle of its own."""
        for brake in self._state.brakes.active(follow.trader.config.id):
            if brake.until is not None:
                end = max(to_ms(brake.until), at + 1)
                cycle = -(-end // follow.step) * follow.step
                until = min(until, self._sync_at(end), cycle)
        return until

    def _danger(self, follow: _Follow, line: AccountLine, at: int, until: int) -> int:
        """Return when marks may bring a trader to its margin or to a limit of its brakes."""
        paths = self._paths[self._pricing[follow.venue_account]]
        marks = {symbol: paths[symbol].between(at, until) for symbol in line.symbols}
        name, limits = follow.trader.config.id, follow.trader.config.limits
        on = {brake.brake for brake in self._state.brakes.active(name)}
        day = from_ms(at).date()
        start, peak = self._state.brakes.levels(name, day, self._held.worth(name))
        daily = None if Brake.DAILY_LOSS in on else limits.daily_loss_limit_pct
        fall = None if Brake.MAX_DRAWDOWN in on else limits.max_drawdown_pct
        place = line.first_danger(
            marks,
            day_start=None if daily is None else float(start),
            day_limit=float((daily or 0) / HUNDRED),
            peak=None if fall is None else float(peak),
            fall_limit=float((fall or 0) / HUNDRED),
        )
        if place is None:
            return until
        first = paths[line.symbols[0]].length
        return min(until, self._sync_at((at // first + 1 + place) * first))

    # --- cycles without a question ----------------------------------------------------------------

    def _must_ask(self, name: TraderId, scheduled: datetime) -> bool:
        """Tell whether a trader has to be asked in the cycle of this moment."""
        follow = self._follows[name]
        if follow.waking is None or not self._is_told(self._now):
            return True
        line = self._line(follow)
        if line is None or not line.is_sound:
            return True
        moment = to_ms(scheduled)
        return moment != self._now or follow.waking.must_ask(moment, line.holds)

    def _account_for(self, follow: _Follow, last: int, count: int) -> None:
        """Note cycles that were left out, with what the account was worth at them."""
        line = self._line(follow)
        assert line is not None  # noqa: S101 - nothing is left out without it
        first, name = last - (count - 1) * follow.step, follow.trader.config.id
        peak = index = line.index
        if line.symbols:
            paths = self._paths[self._pricing[follow.venue_account]]
            marks = {s: paths[s].along(first, last, follow.step) for s in line.symbols}
            peak, index = line.highest_and_last(marks)
        self._held.note(
            name, first=from_ms(first), last=from_ms(last), count=count, peak=peak, index=index
        )
        follow.trader.cycles += count

    def _line(self, follow: _Follow) -> AccountLine | None:
        """Return a trader's account as it is now; None where it cannot be valued."""
        if follow.line is None:
            venue_account, name = follow.venue_account, follow.trader.config.id
            instruments = self._feeds[self._pricing[venue_account]].instruments
            account = self._portfolio.account(name)
            paths = self._paths[self._pricing[venue_account]]
            if account.unpriced or not all(h.symbol in paths for h in account.holdings):
                return None
            marks = {holding.symbol: holding.mark for holding in account.holdings}
            try:
                pools = self._state.pools(venue_account, name, marks, instruments)
            except DataError:
                return None
            follow.line = AccountLine(account, pools, instruments)
        return follow.line

    def _notice(self, event: Event) -> None:
        """Take note of an event: what it may have changed is looked at anew."""
        kind = type(event.body)
        if kind in _QUIET:
            # The mark of an hour changes the Sharpe ratio, which the next look judges.
            self._is_active |= kind is HourMarked and self._judges_sharpe
            return
        self._changed = event.seq
        # So do trades.
        self._is_active |= kind not in _TRADING or self._judges_sharpe
        follow = self._follows.get(event.stream)
        for each in self._follows.values() if follow is None else (follow,):
            each.line = None

    def _set(self, moment: datetime, now: datetime, *, is_flat: bool) -> None:
        """Let nothing be due before a moment, and everything at its grid from then on."""
        if moment <= now:
            return
        at = to_ms(moment)
        timers = [*self._syncs, *(follow.timer for follow in self._follows.values())]
        if is_flat and self._held.hours.is_kept:
            timers.append(self._hour)
            if self._does_capital_rest():
                timers.append(self._rebalance)
        for timer in timers:
            step = timer.step // _MILLISECOND
            due = from_ms(-(-at // step) * step)
            timer.due = max(timer.due, due)
        for follow in self._follows.values():
            follow.trader.due = follow.timer.due


_MILLISECOND = timedelta(milliseconds=1)
_HOUR, _DAY = 3_600_000, 86_400_000
