"""Putting brakes on and taking them off, always through the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from nof0_core.config.model import TraderConfig
from nof0_core.domain.account import AccountState
from nof0_core.domain.brakes import ActiveBrake, Brake, BrakeState
from nof0_core.domain.event import BrakeReleased, BrakeTripped
from nof0_core.ids import ENGINE, Symbol, TraderId
from nof0_core.manager.closes import LastCloses
from nof0_core.manager.held import HeldCycles
from nof0_core.manager.requests import Halt, HaltWatch
from nof0_core.money import decimal, exactly
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.state.brakes import next_midnight
from nof0_core.state.recorder import Recorder

NOT_STARTED = "not started: auto_start is false and nobody has resumed it"


class TraderBrakes:
    """The brakes of all traders of one engine.

    What is remembered is in the ledger; here it is compared with the limits. A brake that trips is
    an event, so a restart finds it on.
    """

    def __init__(
        self,
        *,
        recorder: Recorder,
        portfolio: Portfolio,
        traders: Mapping[TraderId, TraderConfig],
        halts: HaltWatch,
        held: HeldCycles,
    ) -> None:
        self._recorder = recorder
        self._held = held
        self._portfolio = portfolio
        self._traders = dict(traders)
        self._halts = halts
        self._closes = LastCloses()

    def state(self, trader: TraderId, account: AccountState) -> BrakeState:
        """Return what the risk gate needs to know, for an account valued now."""
        memory = self._recorder.state.brakes
        lost, fallen = memory.falls_pct(trader, account, self._held.worth(trader))
        return BrakeState(
            active=self.active(trader),
            day_loss_pct=lost,
            drawdown_pct=fallen,
            entries_today=memory.entries_on(trader, account.time.date()),
            closed_at=self._closed_at(trader, account.time),
        )

    def active(self, trader: TraderId) -> tuple[ActiveBrake, ...]:
        """Return all brakes that are on for a trader now, the halt first."""
        return self._active(trader, self._halts.shown())

    def _active(self, trader: TraderId, halt: Halt | None) -> tuple[ActiveBrake, ...]:
        memory, now = self._recorder.state.brakes, self._recorder.clock.now()
        on = [b for b in memory.active(trader) if b.until is None or now < b.until]
        if halt is not None:
            since = memory.halt.since if memory.halt is not None else now
            message = halt.message
            on.insert(0, ActiveBrake(brake=Brake.HALT, since=since, until=None, message=message))
        if self.is_paused(trader) and all(b.brake is not Brake.PAUSED for b in on):
            on.append(ActiveBrake(brake=Brake.PAUSED, since=now, until=None, message=NOT_STARTED))
        unpriced = self._portfolio.unpriced(trader)
        if unpriced:
            message = f"held without a price: {', '.join(unpriced)}; nobody knows the equity"
            on.append(ActiveBrake(brake=Brake.UNPRICED, since=now, until=None, message=message))
        return tuple(on)

    def seen(self, trader: TraderId) -> tuple[ActiveBrake, ...]:
        """Return what a person should see: all that is on, a spent day's entries, resting coins."""
        now, limits = self._recorder.clock.now(), self._traders[trader].limits
        found = list(self.active(trader))
        made = self._recorder.state.brakes.entries_on(trader, now.date())
        most = limits.max_entries_per_day
        if most is not None and made >= most:
            message = f"{made} entries were made today, at most {most} allowed"
            midnight = next_midnight(now)
            found.append(
                ActiveBrake(brake=Brake.ENTRY_RATE, since=now, until=midnight, message=message)
            )
        for symbol, closed in self._closed_at(trader, now).items():
            until = closed + (limits.cooldown_after_close or timedelta(0))
            found.append(
                ActiveBrake(
                    brake=Brake.COOLDOWN, since=closed, until=until, message=f"{symbol} was closed"
                )
            )
        return tuple(found)

    def is_paused(self, trader: TraderId) -> bool:
        """Tell whether a trader decides at all.

        What a person said last counts, also after a restart; before that, `auto_start`.
        """
        said = self._recorder.state.brakes.is_paused(trader)
        return not self._traders[trader].auto_start if said is None else said

    def refusal(self, trader: TraderId) -> str:
        """Say why an entry must not leave now; empty if nothing is in its way.

        Asked right before sending: what was approved a moment ago may have been stopped since, so
        the marker of the halt is looked at anew.
        """
        on = self._active(trader, self._halts.look())
        return "; ".join(each.message for each in on)

    def evaluate(self, trader: TraderId, account: AccountState | None = None) -> None:
        """Release what is over and trip what a limit asks for; both are journalled.

        An account that holds a coin without a price is not judged.
        """
        memory, now = self._recorder.state.brakes, self._recorder.clock.now()
        for on in memory.active(trader):
            if on.until is not None and now >= on.until:
                self.release(trader, on.brake, "its time is over")
        limits = self._traders[trader].limits
        daily, fall = limits.daily_loss_limit_pct, limits.max_drawdown_pct
        if daily is None and fall is None and limits.sharpe_pause_threshold is None:
            return
        account = account or self._portfolio.account(trader)
        if not account.unpriced:
            self._judge(trader, account, daily, fall)

    @exactly
    def _judge(
        self,
        trader: TraderId,
        account: AccountState,
        daily: Decimal | None,
        fall: Decimal | None,
    ) -> None:
        memory, unrecorded = self._recorder.state.brakes, self._held.worth(trader)
        if daily is not None:
            lost = memory.day_loss_pct(trader, account, unrecorded)
            until = next_midnight(account.time)
            self._compare(trader, Brake.DAILY_LOSS, "the day's loss", lost, daily, until)
        if fall is not None:
            lost = memory.drawdown_pct(trader, account, unrecorded)
            self._compare(trader, Brake.MAX_DRAWDOWN, "the drawdown", lost, fall, None)
        self._judge_sharpe(trader, account)

    def reload(
        self, traders: Mapping[TraderId, TraderConfig], *, judged: Iterable[TraderId]
    ) -> None:
        """Judge by other limits from now on: what they ask for is tripped, what they let go goes.

        That is seen at once for the traders in `judged`, for others when they are valued next.

        The brake of the day is taken off where the day's loss is within the new limit. That of the
        drawdown stays until a person resumes the trader: taking it off begins a new measurement.
        """
        self._traders = dict(traders)
        for trader in judged:
            self._let_go(trader)
            self.evaluate(trader)

    @exactly
    def _let_go(self, trader: TraderId) -> None:
        if not self._is_on(trader, Brake.DAILY_LOSS):
            return
        limit = self._traders[trader].limits.daily_loss_limit_pct
        if limit is None:
            self.release(trader, Brake.DAILY_LOSS, "there is no limit of the day any more")
            return
        account = self._portfolio.account(trader)
        if account.unpriced:
            return
        unrecorded = self._held.worth(trader)
        lost = self._recorder.state.brakes.day_loss_pct(trader, account, unrecorded)
        if lost < limit:
            said = f"the day's loss is {lost:.2f} %, the limit is {limit} % now"
            self.release(trader, Brake.DAILY_LOSS, said)

    def pause(self, trader: TraderId) -> None:
        """Stop a trader until it is resumed."""
        body = BrakeTripped(brake=Brake.PAUSED, message="paused", trader=trader)
        self._recorder.record(trader, body)

    def resume(self, trader: TraderId) -> list[Brake]:
        """Let a trader decide again and take off its drawdown brake; return what was lifted.

        The limits of the day and the Sharpe pause end by themselves and not sooner.
        """
        lifted = []
        # What was before counts before it.
        self._held.end(trader)
        if self.is_paused(trader):
            self.release(trader, Brake.PAUSED, "resumed")
            lifted.append(Brake.PAUSED)
        if any(b.brake is Brake.MAX_DRAWDOWN for b in self._recorder.state.brakes.active(trader)):
            self.release(trader, Brake.MAX_DRAWDOWN, "resumed; measured from here on")
            lifted.append(Brake.MAX_DRAWDOWN)
        return lifted

    def release(self, trader: TraderId | None, brake: Brake, reason: str) -> None:
        """Take a brake off."""
        body = BrakeReleased(brake=brake, reason=reason, trader=trader)
        self._recorder.record(trader or ENGINE, body)

    def _compare(
        self,
        trader: TraderId,
        brake: Brake,
        word: str,
        lost: Decimal,
        limit: Decimal,
        until: datetime | None,
    ) -> None:
        if lost < limit or self._is_on(trader, brake):
            return
        message = f"{word} is {lost:.2f} %, the limit is {limit} %"
        self._trip(trader, brake, message, until, {"lost_pct": lost, "limit_pct": limit})

    def _judge_sharpe(self, trader: TraderId, account: AccountState) -> None:
        """Pause after a poor Sharpe ratio; a trader that could not trade since is not judged again.

        Otherwise the ratio that led to a pause, which cannot change while nothing is traded, would
        lead to the next one for ever.
        """
        limits = self._traders[trader].limits
        least, duration = limits.sharpe_pause_threshold, limits.sharpe_pause_duration
        if least is None or duration is None or self._is_on(trader, Brake.SHARPE_PAUSE):
            return
        done = self._portfolio.performance(trader, account)
        if done.trades <= self._recorder.state.brakes.judged_trades(trader):
            return
        if done.sharpe_ratio >= least:
            return
        self._trip(
            trader,
            Brake.SHARPE_PAUSE,
            f"the Sharpe ratio is {done.sharpe_ratio:.2f}, below {least:g}",
            account.time + duration,
            {
                "sharpe": decimal(float(done.sharpe_ratio)),
                "threshold": decimal(float(least)),
                "trades": Decimal(done.trades),
            },
        )

    def _is_on(self, trader: TraderId, brake: Brake) -> bool:
        return any(on.brake is brake for on in self._recorder.state.brakes.active(trader))

    def _trip(
        self,
        trader: TraderId,
        brake: Brake,
        message: str,
        until: datetime | None,
        numbers: Mapping[str, Decimal],
    ) -> None:
        self._recorder.record(
            trader,
            BrakeTripped(brake=brake, message=message, trader=trader, until=until, numbers=numbers),
        )
        on = ActiveBrake(
            brake=brake, since=self._recorder.clock.now(), until=until, message=message
        )
        self._recorder.alert(
            brake.value, f"{trader}: {message}; no entries {on.end}", trader=trader
        )

    def _closed_at(self, trader: TraderId, now: datetime) -> dict[Symbol, datetime]:
        """Return when the coins that rest were closed, the latest first."""
        rest = self._traders[trader].limits.cooldown_after_close
        if rest is None:
            return {}
        latest = self._closes.of(trader, self._recorder.state.trades(trader))
        resting = [(symbol, closed) for symbol, closed in latest.items() if now - closed < rest]
        return dict(sorted(resting, key=lambda one: one[1], reverse=True))
