"""The only room that speaks to a venue."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import anyio

from nof0_core.border.answers import Told, sorted_out, unlike, unlike_any, without_secrets, wrong
from nof0_core.border.foreign import Origin, reraise
from nof0_core.border.quarantine import Ward
from nof0_core.calls import CallsUnderWay, Timing
from nof0_core.cancellation import Breakable
from nof0_core.clock import Clock
from nof0_core.domain.account import AccountReport
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import MarginMode
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import OutcomeUnknownError, ProviderError, TransientError
from nof0_core.execution.flights import Flights, Seen
from nof0_core.execution.lane import Lane, Urgency
from nof0_core.execution.limits import LIMITS, Limits
from nof0_core.execution.mandate import UNBOUNDED, Mandate
from nof0_core.execution.venue_ward import VenueWard
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.protocols import Capability, ExchangeProvider, exchange_with

Answer = TypeVar("Answer")
NEVER = -math.inf
CHANGING = frozenset({"place", "cancel", "accept_marks", "set_leverage"})
"""Verbs after which what was read before is old."""
FOREIGN = frozenset({"place", "cancel", "set_leverage"})
"""Verbs that change something at a venue others may trade at."""


class Gateway:
    """All calls to the exchange provider of one venue account.

    Each verb has a time limit in real seconds and fails in the errors of the protocol only: what
    else a provider raises, or an answer that does not come in time, is a
    `TransientError` of a read and an `OutcomeUnknownError` of what changes something. An answer
    with a bad value is one too, and puts the account in quarantine (`ward`); of fills and funding
    bad rows are parted from the good ones. Reads at the same time share one request and its answer
    for a second.

    Nothing that changes something leaves without a `mandate`; that is a `TransientError`.

    There are two lanes, for whoever sends to hold while it sends: `entries`, and `protective` for
    closes, stops and cancels, which never waits for the first. No read holds one. With
    limits that have no end nothing here suspends unless the provider does; `overdue` tells then
    what hangs. `shares_answers` says whether reads at the same time share one.
    """

    def __init__(
        self,
        *,
        venue_account: str,
        provider: ExchangeProvider,
        clock: Clock,
        limits: Limits = LIMITS,
        ward: Ward | None = None,
        origin: Origin | None = None,
        shares_answers: bool = True,
        mandate: Mandate = UNBOUNDED,
    ) -> None:
        self.ward = VenueWard(ward or Ward.alone("exchange", venue_account, clock))
        self.venue_account = venue_account
        self.capabilities = provider.capabilities
        self.limits = limits
        self.mandate = mandate
        self.entries = Lane()
        self.protective = Lane()
        self._provider = provider
        self._origin = origin or Origin(part=f"exchange {venue_account}")
        self._flights = Flights(is_sharing=shares_answers)
        self._is_sharing = shares_answers
        self._under_way = CallsUnderWay(f"exchange {venue_account}")
        self._endless: set[Breakable[Any]] = set()
        self._is_given_up = False
        self._changed_at = NEVER
        self._funding = exchange_with(provider, Capability.FUNDING)
        self._proof = exchange_with(provider, Capability.PROOF)
        self._simulated = exchange_with(provider, Capability.ACCEPTS_MARKS)
        self._telling = exchange_with(provider, Capability.NEXT_EVENT)

    @property
    def tells_events(self) -> bool:
        """Tell whether the venue says beforehand when something may happen."""
        return self._telling is not None

    def next_event(self, after: datetime, until: datetime) -> datetime | None:
        """Return when in (after, until] something may happen at the venue by itself, else None.

        Whatever is wrong with the answer: then it may be at once.
        """
        assert self._telling is not None  # noqa: S101 - see `tells_events`
        try:
            found: object = self._telling.next_event(after, until)
        except Exception:  # noqa: BLE001 - foreign code raises anything
            return after
        if found is None:
            return None
        is_inside = isinstance(found, datetime) and found.tzinfo is not None and found > after
        return found if is_inside else after  # type: ignore[return-value]

    # --- reads ------------------------------------------------------------------------------------

    async def report(self, *, asked_after: float = NEVER) -> Seen[AccountReport]:
        """Ask for the account; an answer to a question after `asked_after` (real) will do.

        Raises:
            ProviderError: there is none.
        """
        return await self._read("report", (), self._provider.report, asked_after)

    async def fills(self, since: datetime) -> Told[Fill]:
        """Ask for executions.

        Raises:
            ProviderError: there is no answer.
        """
        seen = await self._read("fills", (since,), lambda: self._provider.fills(since))
        return sorted_out("fills", seen.answer)

    async def funding(self, since: datetime) -> Told[FundingPayment]:
        """Ask for settlements; none where the venue does not tell them.

        Raises:
            ProviderError: there is no answer.
        """
        if self._funding is None:
            return Told()
        ask = self._funding.funding
        seen = await self._read("funding", (since,), lambda: ask(since))
        return sorted_out("funding", seen.answer)

    async def order(self, request: OrderRequest) -> VenueOrder | None:
        """Ask for an order that was sent.

        Raises:
            ProviderError: there is no answer, or one about another order.
        """
        ask = self._provider.order
        found = await self._call("order", lambda: ask(request.client_id))
        return self._the_order("order", found, request)

    async def prove(self, request: OrderRequest) -> VenueOrder | None:
        """Ask for proof of what became of an order; only where `has_proof`.

        Raises:
            ProviderError: it could not be shown, or the answer is about another order.
        """
        assert self._proof is not None  # noqa: S101 - see `has_proof`
        ask = self._proof.prove
        found = await self._call("prove", lambda: ask(request.client_id))
        return self._the_order("prove", found, request)

    @property
    def has_proof(self) -> bool:
        """Tell whether the venue can show what became of an order."""
        return self._proof is not None

    # --- what changes something -------------------------------------------------------------------

    @property
    def is_simulated(self) -> bool:
        """Tell whether the venue is handed the marks and hands over what it executes."""
        return self._simulated is not None

    async def accept_marks(self, quotes: Mapping[Symbol, Quote]) -> Told[Fill]:
        """Hand a simulated venue the newest quotes; returns what it executed.

        Raises:
            ProviderError: it failed.
        """
        assert self._simulated is not None  # noqa: S101 - see `is_simulated`
        hand_over = self._simulated.accept_marks
        answer = await self._call("accept_marks", lambda: hand_over(quotes))
        return sorted_out("accept_marks", answer)

    async def set_leverage(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> None:
        """Set leverage and margin mode of a coin.

        Raises:
            ProviderError: it was refused, or nobody knows.
        """
        await self._call(
            "set_leverage", lambda: self._provider.set_leverage(symbol, leverage, margin_mode)
        )

    async def place(
        self,
        orders: Sequence[OrderRequest],
        *,
        expires_at: datetime | None,
        within: float,
    ) -> Sequence[OrderOutcome]:
        """Send orders; one outcome for each, in the same order.

        Raises:
            TransientError: nothing was sent.
            RejectedError: the venue refused them as a whole.
            OutcomeUnknownError: everything else.
        """
        outcomes = await self._call(
            "place",
            lambda: self._provider.place(orders, expires_at=expires_at),
            limit=within,
            is_read=False,
        )
        problem = unlike_any(orders, outcomes)
        if problem:
            error = self._refused("place", problem, OutcomeUnknownError)
            raise error
        return outcomes

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> Sequence[OrderOutcome]:
        """Cancel orders; answers about others are left out.

        Raises:
            ProviderError: nobody knows whether they are cancelled.
        """
        outcomes = await self._call(
            "cancel", lambda: self._provider.cancel(client_ids), is_read=False
        )
        wanted = set(client_ids)
        return [outcome for outcome in outcomes if outcome.client_id in wanted]

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Hold the lane of entries, then let nothing interrupt what is done until it is protected.

        Waiting for the lane can be cancelled. What is yielded gives the lane back early.
        """
        async with AsyncExitStack() as lane:
            await lane.enter_async_context(self.entries.turn(Urgency.ENTRY))
            until = anyio.current_time() + self.limits.unit
            with anyio.CancelScope(shield=True, deadline=until):
                yield lane.aclose

    # --- watching ---------------------------------------------------------------------------------

    @property
    def timings(self) -> Mapping[str, Timing]:
        """Return how long calls took, by verb; it goes on counting."""
        return self._under_way.timings

    def overdue(self, now: float) -> str:
        """Name a call that hangs at `now` (`stopwatch`), "" if none does."""
        return self._under_way.overdue(now)

    def give_up(self) -> None:
        """Break off every call that has no limit, and make no more: the run is being ended.

        What is not to be interrupted, such as sending, would wait for one that hangs for ever.
        """
        self._is_given_up = True
        for call in self._endless:
            call.break_off()

    async def _read(
        self,
        verb: str,
        arguments: tuple[Any, ...],
        ask: Callable[[], Awaitable[Answer]],
        asked_after: float = NEVER,
    ) -> Seen[Answer]:
        """Join a request of the last second that was made after everything we changed."""
        after = max(asked_after, self._changed_at)
        return await self._flights.join((verb, *arguments), lambda: self._call(verb, ask), after)

    async def _call(
        self,
        verb: str,
        ask: Callable[[], Awaitable[Answer]],
        *,
        limit: float | None = None,
        is_read: bool = True,
    ) -> Answer:
        """Ask, and let no bad value through."""
        error = TransientError if is_read else OutcomeUnknownError
        limit = getattr(self.limits, verb) if limit is None else limit
        if verb in FOREIGN and (reason := self.mandate.orders()):
            raise TransientError(reason, section=self.venue_account)
        answer = await self._ask(verb, ask, limit, error)
        problem = wrong(verb, answer)
        if problem:
            raise self._refused(verb, problem, error)
        if verb == "report":
            self.ward.note_good_report()
        cleaned: Answer = without_secrets(verb, answer, self._origin.redact)
        return cleaned

    async def _ask(
        self,
        verb: str,
        ask: Callable[[], Awaitable[Answer]],
        limit: float,
        error: type[ProviderError],
    ) -> Answer:
        """Ask in limited time; whatever is raised instead of an answer is an error of ours."""
        try:
            with self._under_way.of(verb) as call:
                if limit == math.inf:
                    if self._is_given_up:
                        raise TimeoutError  # noqa: TRY301 - as one that was broken off
                    return await Breakable(ask, self._endless)
                with anyio.move_on_after(limit):
                    return await ask()
                call.is_late = True
                raise TimeoutError  # noqa: TRY301 - one answer for ours and the provider's
        except TimeoutError as late:
            message = f"{verb} was not answered in time"
            raise error(message, section=self.venue_account) from late
        except BaseException as fault:  # noqa: BLE001 - foreign code raises anything
            # One task of several may say that nothing was sent while another has sent.
            is_read = error is TransientError
            is_plain = is_read or not isinstance(fault, BaseExceptionGroup)
            reraise(
                fault,
                origin=self._origin,
                verb=verb,
                allowed=(ProviderError,) if is_plain else (),
                make=lambda text: error(text, section=self.venue_account),
            )
        finally:
            # Who asks for himself need not know what is old.
            if self._is_sharing and verb in CHANGING:
                self._changed_at = anyio.current_time()

    def _the_order(
        self, verb: str, found: VenueOrder | None, request: OrderRequest
    ) -> VenueOrder | None:
        problem = unlike(request, found) if found is not None else ""
        if problem:
            raise self._refused(verb, problem, TransientError)
        return found

    def _refused(self, verb: str, problem: str, error: type[ProviderError]) -> ProviderError:
        """Put the account in quarantine for an answer; returns the error to raise."""
        self.ward.refuse(verb, problem)
        message = f"{self.venue_account}: what {verb} answered {problem}"
        return error(message, section=self.venue_account)
