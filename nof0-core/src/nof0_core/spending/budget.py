"""What may be spent on models in one day, and what has been."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from nof0_core.clock import Clock
from nof0_core.domain.model import DailyBudget, ModelSpec, Usage
from nof0_core.errors import BudgetExceededError
from nof0_core.ids import TraderId
from nof0_core.money import exactly
from nof0_core.spending.budget_line import BudgetLine
from nof0_core.spending.reservation import Reservation
from nof0_core.state.spending import Spending

ALL = "all"


class Alerts(Protocol):
    """Tells a person."""

    def __call__(self, code: str, message: str, *, trader: TraderId | None = None) -> None:
        """Record something a person should look at."""


class CallStore(Protocol):
    """Remembers a call over a crash."""

    async def __call__(
        self, trader: TraderId, model: ModelSpec, worst: Usage, time: datetime
    ) -> Callable[[Usage | None], None]:
        """Note a call before it is made; what is returned takes its usage, None for nothing.

        Raises:
            LLMError: it cannot be noted, so the call must not be made.
        """


class ModelBudget:
    """The daily budgets of all models and traders of one engine.

    A day is a UTC day of the engine's clock. What was spent before is known from the journal, by
    `take_over`. Asking and holding happen without a pause between
    them, so concurrent calls can never hold more together than there is. What a limit applies to is
    given to `keep` before the call is made, and so known to the next run if this one is killed.

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
        alarm: Alerts,
        keep: CallStore,
    ) -> None:
        self._clock = clock
        limits = {ALL: total}
        limits |= {f"trader {name}": limit for name, limit in traders.items()}
        limits |= {f"model {name}": limit for name, limit in models.items()}
        # What nobody limits is not counted.
        self._accounts = {
            scope: BudgetLine(scope=scope, limit=limit)
            for scope, limit in limits.items()
            if limit != DailyBudget()
        }
        self._known: dict[tuple[TraderId, str], tuple[BudgetLine, ...]] = {}
        self._alert_pct = alert_pct
        self._alarm = alarm
        self._keep = keep
        self._day = date.min

    @exactly
    def take_over(self, spending: Spending) -> None:
        """Count what the journal knows of calls on the newest day with some; before any `hold`.

        A warning that the earlier run has given is not given again.
        """
        self._turn(spending.day)
        for spent in spending.spent():
            for account in self._accounts_of(spent.trader, spent.model):
                account.book(spent.usage)
                # Nobody has been warned of what was lost: that comes with the next call.
                if not spent.is_lost and account.is_low(self._alert_pct):
                    account.warn_once("low")

    @exactly
    def reload(
        self,
        *,
        total: DailyBudget,
        traders: Mapping[TraderId, DailyBudget],
        alert_pct: Decimal,
        spending: Spending,
    ) -> None:
        """Take other limits over, between two calls; what was spent today stays spent.

        Args:
            total: the budget of all traders together.
            traders: budgets of single traders.
            alert_pct: share of a budget from which a person is told.
            spending: what the journal knows, for budgets that were not counted so far.
        """
        self._turn(self._clock.now().date())
        self._alert_pct = alert_pct
        self._known.clear()
        limits = {ALL: total, **{f"trader {name}": limit for name, limit in traders.items()}}
        for scope, limit in limits.items():
            line = self._accounts.get(scope)
            if limit == DailyBudget():
                self._accounts.pop(scope, None)
            elif line is None:
                self._accounts[scope] = self._counted(scope, limit, spending)
            elif line.limit != limit:
                line.limit = limit
                line.warned.clear()

    def _counted(self, scope: str, limit: DailyBudget, spending: Spending) -> BudgetLine:
        """Return a new budget with what of it is spent already."""
        line = BudgetLine(scope=scope, limit=limit)
        for spent in spending.spent() if spending.day == self._day else ():
            if scope in (ALL, f"trader {spent.trader}"):
                line.book(spent.usage)
        return line

    @exactly
    async def hold(self, trader: TraderId, model: ModelSpec, worst: Usage) -> Reservation:
        """Keep the most a call can cost free; waits for `keep`.

        Raises:
            BudgetExceededError: some budget has less left; nothing is held then.
            LLMError: the call cannot be kept in mind over a crash; nothing is held then.
        """
        now = self._clock.now()
        self._turn(now.date())
        accounts = self._accounts_of(trader, model.name)
        for account in accounts:
            self._check(account, worst, trader)
        for account in accounts:
            account.hold(worst)
        note = None
        if any(account.applies(worst) for account in accounts):
            try:
                note = await self._keep(trader, model, worst, now)
            except BaseException:
                # Also where the wait was cancelled: the call is not made.
                for account in accounts:
                    account.release(worst)
                raise

        def spend(usage: Usage) -> None:
            self.book(trader, model, usage)

        return Reservation(accounts=accounts, worst=worst, note=note, spend=spend)

    @exactly
    def book(self, trader: TraderId, model: ModelSpec, usage: Usage) -> None:
        """Count what a call took; it is over, so nothing is asked for or refused."""
        self._turn(self._clock.now().date())
        for account in self._accounts_of(trader, model.name):
            account.book(usage)
            self._warn(account, trader)

    def left(self, trader: TraderId, model: ModelSpec) -> DailyBudget:
        """Return what a trader may still spend on a model today, calls under way taken off."""
        accounts = self._accounts_of(trader, model.name)
        return self._left(accounts) if accounts else DailyBudget()

    @exactly
    def _left(self, accounts: Sequence[BudgetLine]) -> DailyBudget:
        self._turn(self._clock.now().date())
        left = [account.left for account in accounts]
        return DailyBudget(
            usd=min((each.usd for each in left if each.usd is not None), default=None),
            tokens=min((each.tokens for each in left if each.tokens is not None), default=None),
        )

    # --- inside ---------------------------------------------------------------------------------

    def _accounts_of(self, trader: TraderId, model: str) -> tuple[BudgetLine, ...]:
        found = self._known.get((trader, model))
        if found is None:
            scopes = (ALL, f"trader {trader}", f"model {model}")
            found = tuple(self._accounts[scope] for scope in scopes if scope in self._accounts)
            self._known[trader, model] = found
        return found

    def _turn(self, day: date) -> None:
        """Begin a new day."""
        if day != self._day:
            self._day = day
            for account in self._accounts.values():
                account.begin_day()

    def _check(self, account: BudgetLine, worst: Usage, trader: TraderId) -> None:
        message = account.refusal(worst)
        if not message:
            return
        if account.warn_once("spent"):
            self._alarm("budget_spent", message, trader=_owner(account, trader))
        raise BudgetExceededError(
            message, scope=account.scope, tokens=worst.tokens, usd=worst.cost_usd
        )

    def _warn(self, account: BudgetLine, trader: TraderId) -> None:
        if account.is_low(self._alert_pct) and account.warn_once("low"):
            message = f"the daily budget of {account.scope} runs low: {account.spent()} are spent"
            self._alarm("budget_low", message, trader=_owner(account, trader))


def _owner(account: BudgetLine, trader: TraderId) -> TraderId | None:
    return trader if account.scope.startswith("trader ") else None
