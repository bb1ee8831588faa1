"""What is kept free of the budgets while a call is under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nof0_core.domain.model import Usage
from nof0_core.money import exactly
from nof0_core.spending.budget_line import BudgetLine


class Reservation:
    """The most that one call can cost, kept free in every account it is for.

    Args:
        accounts: where it is held already.
        worst: the most the call can cost.
        note: takes what it cost, None for nothing; None where nothing was noted of it.
        spend: books what it cost.
    """

    def __init__(
        self,
        *,
        accounts: Sequence[BudgetLine],
        worst: Usage,
        note: Callable[[Usage | None], None] | None,
        spend: Callable[[Usage], None],
    ) -> None:
        self._accounts = accounts
        self._worst = worst
        self._note = note
        self._spend = spend
        self._is_over = False

    def settle(self, usage: Usage) -> None:
        """Book what the call took, to the day on which it ends."""
        self._end(usage)
        self._spend(usage)

    def release(self) -> None:
        """Give back what was held."""
        self._end(None)

    @exactly
    def _end(self, usage: Usage | None) -> None:
        if self._is_over:
            message = "what was held for a call was already given back"
            raise RuntimeError(message)
        self._is_over = True
        if self._note is not None:
            self._note(usage)
        for account in self._accounts:
            account.release(self._worst)
