"""What may be spent on models in one day, and what has been."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import attrs

from nof0_core.clock import Clock
from nof0_core.domain.event import CallsLost, CycleEnded, Event
from nof0_core.domain.model import DailyBudget, ModelSpec, Usage
from nof0_core.errors import BudgetExceededError
from nof0_core.ids import TraderId
from nof0_core.money import HUNDRED, ZERO, plain

ALL = "all"


class Alarm(Protocol):
    """Tells a person."""

    def __call__(self, code: str, message: str, *, trader: TraderId | None = None) -> None:
        """Record something a person should look at."""


class Keep(Protocol):
    """Remembers a call over a crash."""

    def __call__(
        self, trader: TraderId, model: ModelSpec, worst: Usage, time: datetime
    ) -> Callable[[Usage | None], None]:
        """Note a call before it is made; what is returned takes its usage, None for nothing.

        Raises:
            LLMError: it cannot be noted, so the call must not be made.
        """


@attrs.define
class _Account:
    """What one budget has given out today; `held` is for calls that are under way on any day."""

    usd: Decimal = ZERO
    tokens: int = 0
    held_usd: Decimal = ZERO
    held_tokens: int = 0
    warned: set[str] = attrs.field(factory=set)

    def begin(self) -> None:
        """Forget what was spent yesterday."""
        self.usd, self.tokens = ZERO, 0
        self.warned.clear()


class ModelBudget:
    """The daily budgets of all models and traders of one engine.

    A day is a UTC day of the engine's clock. What was spent is rebuilt from the journal: `replay`
    every event of it before the first `hold`. Asking and answering happen without a pause between
    them, so concurrent calls can never hold more together than there is. What a limit applies to is
    given to `keep` before it is held, and so known to the next run if this one is killed.

    Args:
        clock: the engine's.
        total: the budget of all traders together.
        traders: budgets of single traders.
        models: budgets of single models, by name.
        alert_pct: share of a budget, in percent, from which a person is told.
        alarm: tells that person, once per budget and day.
        keep: remembers calls that are not in the journal yet.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        total: DailyBudget,
        traders: Mapping[TraderId, DailyBudget],
        models: Mapping[str, DailyBudget],
        alert_pct: Decimal,
        alarm: Alarm,
        keep: Keep,
    ) -> None:
        self._clock = clock
        self._limits = {ALL: total}
        self._limits |= {f"trader {name}": limit for name, limit in traders.items()}
        self._limits |= {f"model {name}": limit for name, limit in models.items()}
        self._alert_pct = alert_pct
        self._alarm = alarm
        self._keep = keep
        self._day = date.min
        self._accounts: dict[str, _Account] = {}

    def replay(self, event: Event) -> None:
        """Count what calls in the journal took, with or without a cycle; nothing else counts.

        A warning that the earlier run has given is not given again.
        """
        body = event.body
        if not isinstance(body, CycleEnded | CallsLost):
            return
        self._turn(event.time.date())
        if isinstance(body, CallsLost) and body.began.date() < self._day:
            return
        for call in body.calls:
            for scope in self._scopes(body.trader, call.model):
                account = self._account(scope)
                self._book(account, call.usage)
                # Nobody has been warned of what was lost: that comes with the next call.
                if isinstance(body, CycleEnded):
                    self._mark(scope, account)

    def hold(self, trader: TraderId, model: ModelSpec, worst: Usage) -> _Held:
        """Keep the most a call can cost free.

        Raises:
            BudgetExceededError: some budget has less left; nothing is held then.
            LLMError: the call cannot be kept in mind over a crash; nothing is held then.
        """
        now = self._clock.now()
        self._turn(now.date())
        scopes = self._scopes(trader, model.name)
        try:
            for scope in scopes:
                self._check(scope, worst, trader)
        except BudgetExceededError as error:
            error.worst = worst
            raise
        is_limited = any(_applies(self._limits[scope], worst) for scope in scopes)
        note = self._keep(trader, model, worst, now) if is_limited else None
        for scope in scopes:
            account = self._account(scope)
            account.held_usd += worst.cost_usd
            account.held_tokens += worst.tokens
        accounts = [self._account(scope) for scope in scopes]
        return _Held(self, trader, model.name, accounts, worst, note)

    def book(self, trader: TraderId, model: ModelSpec, usage: Usage) -> None:
        """Count what a call of a recording took; it is over, so nothing is asked for or refused."""
        self._turn(self._clock.now().date())
        self._spend(trader, model.name, usage)

    def left(self, trader: TraderId, model: ModelSpec) -> DailyBudget:
        """Return what a trader may still spend on a model today, calls under way taken off."""
        self._turn(self._clock.now().date())
        usd: list[Decimal] = []
        tokens: list[int] = []
        for scope in self._scopes(trader, model.name):
            limit, account = self._limits[scope], self._account(scope)
            if limit.usd is not None:
                usd.append(max(ZERO, limit.usd - account.usd - account.held_usd))
            if limit.tokens is not None:
                tokens.append(max(0, limit.tokens - account.tokens - account.held_tokens))
        return DailyBudget(usd=min(usd, default=None), tokens=min(tokens, default=None))

    # --- for what is held -----------------------------------------------------------------------

    def end(self, held: _Held, usage: Usage | None) -> None:
        """Take back what was held and book what was used, if anything.

        A call that began before midnight is booked to the day on which it ends.
        """
        for account in held.accounts:
            account.held_usd -= held.worst.cost_usd
            account.held_tokens -= held.worst.tokens
        if usage is None:
            return
        self._turn(self._clock.now().date())
        self._spend(held.trader, held.model, usage)

    # --- inside ---------------------------------------------------------------------------------

    def _spend(self, trader: TraderId, model: str, usage: Usage) -> None:
        for scope in self._scopes(trader, model):
            account = self._account(scope)
            self._book(account, usage)
            self._warn(scope, account, trader)

    def _scopes(self, trader: TraderId, model: str) -> list[str]:
        names = (ALL, f"trader {trader}", f"model {model}")
        return [name for name in names if name in self._limits]

    def _account(self, scope: str) -> _Account:
        return self._accounts.setdefault(scope, _Account())

    def _turn(self, day: date) -> None:
        """Begin a new day. What is held stays held: it will be booked to the day it ends on."""
        if day != self._day:
            self._day = day
            for account in self._accounts.values():
                account.begin()

    def _book(self, account: _Account, usage: Usage) -> None:
        account.usd += usage.cost_usd
        account.tokens += usage.tokens

    def _check(self, scope: str, worst: Usage, trader: TraderId) -> None:
        limit, account = self._limits[scope], self._account(scope)
        if limit.usd is not None:
            free = limit.usd - account.usd - account.held_usd
            if worst.cost_usd > free or free <= 0:
                self._refuse(scope, account, trader, f"{_usd(limit.usd)}", _usd(max(free, ZERO)))
        if limit.tokens is not None:
            room = limit.tokens - account.tokens - account.held_tokens
            if worst.tokens > room or room <= 0:
                self._refuse(
                    scope, account, trader, f"{limit.tokens} tokens", f"{max(room, 0)} tokens"
                )

    def _refuse(
        self, scope: str, account: _Account, trader: TraderId, limit: str, left: str
    ) -> None:
        message = (
            f"the daily budget of {scope} ({limit}) has {left} left, less than the call may take"
        )
        if "spent" not in account.warned:
            account.warned.add("spent")
            self._alarm("budget_spent", message, trader=_owner(scope, trader))
        raise BudgetExceededError(message, scope=scope)

    def _mark(self, scope: str, account: _Account) -> bool:
        """Return whether this is the moment at which a budget runs low."""
        if "low" in account.warned or not self._is_low(self._limits[scope], account):
            return False
        account.warned.add("low")
        return True

    def _is_low(self, limit: DailyBudget, account: _Account) -> bool:
        part = self._alert_pct / HUNDRED
        is_low = limit.usd is not None and account.usd >= limit.usd * part
        return is_low or (limit.tokens is not None and account.tokens >= limit.tokens * part)

    def _warn(self, scope: str, account: _Account, trader: TraderId) -> None:
        if not self._mark(scope, account):
            return
        limit = self._limits[scope]
        spent = [] if limit.usd is None else [f"{_usd(account.usd)} of {_usd(limit.usd)}"]
        if limit.tokens is not None:
            spent.append(f"{account.tokens} of {limit.tokens} tokens")
        message = f"the daily budget of {scope} runs low: {' and '.join(spent)} are spent"
        self._alarm("budget_low", message, trader=_owner(scope, trader))


class _Held:
    """What is kept free for one call."""

    def __init__(
        self,
        budget: ModelBudget,
        trader: TraderId,
        model: str,
        accounts: list[_Account],
        worst: Usage,
        note: Callable[[Usage | None], None] | None,
    ) -> None:
        self.trader = trader
        self.accounts = accounts
        self.worst = worst
        self.model = model
        self._budget = budget
        self._note = note
        self._is_over = False

    def settle(self, usage: Usage) -> None:
        """Book what the call took."""
        self._end(usage)

    def release(self) -> None:
        """Give back what was held."""
        self._end(None)

    def _end(self, usage: Usage | None) -> None:
        if self._is_over:
            message = "what was held for a call was already given back"
            raise RuntimeError(message)
        self._is_over = True
        if self._note is not None:
            self._note(usage)
        self._budget.end(self, usage)


def _applies(limit: DailyBudget, worst: Usage) -> bool:
    """Return whether a call can bring a budget nearer to its end."""
    is_paid = limit.usd is not None and worst.cost_usd > 0
    return is_paid or (limit.tokens is not None and worst.tokens > 0)


def _owner(scope: str, trader: TraderId) -> TraderId | None:
    return trader if scope.startswith("trader ") else None


def _usd(amount: Decimal) -> str:
    return f"{plain(amount.quantize(Decimal('0.0001')))} USD"
