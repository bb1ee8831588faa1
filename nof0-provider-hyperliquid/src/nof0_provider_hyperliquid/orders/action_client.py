"""Actions, signed and sent to `/exchange`: each once, or not at all."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from threading import Lock
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread
from requests import Session

from nof0_core.clock import Clock, stopwatch
from nof0_core.domain.candles import to_ms
from nof0_core.errors import OutcomeUnknownError, ProviderError, TransientError
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.orders import refusals
from nof0_provider_hyperliquid.orders.lanes import Lane
from nof0_provider_hyperliquid.signing.nonces import Nonces
from nof0_provider_hyperliquid.signing.wallet import Action, Wallet
from nof0_provider_hyperliquid.transport.budget import NetworkBudget
from nof0_provider_hyperliquid.transport.failures import RateLimitedError
from nof0_provider_hyperliquid.transport.session import open_session
from nof0_provider_hyperliquid.transport.weights import exchange_weight

IDLE = 5.0
"""Seconds after which a connection is not used again: one the venue has closed meanwhile would
take the request with it, and nobody could say what became of it (SDK issue 293)."""
PAUSE = timedelta(seconds=1)
"""How long reads wait after a 429 that names no time."""

Noted = Callable[[int], Awaitable[None]]
"""Told the nonce before anything is sent; what it raises keeps the action from being sent."""


class Ticket:
    """Whether a request has left, decided once between the worker and whoever waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_void = False
        self.has_left = False

    def leave(self) -> bool:
        """Tell the worker whether it may send; from then on the outcome is open."""
        with self._lock:
            self.has_left = not self._is_void
            return self.has_left

    def void(self) -> bool:
        """Keep it from being sent; returns whether that came in time."""
        with self._lock:
            self._is_void = True
            return not self.has_left


class ActionClient:
    """Signs and posts actions; nothing is ever posted twice.

    Each lane is a worker of its own that posts one action after the other; an action that was given
    up holds its lane no longer. `alert` of `env` is told what a person has to mend.
    """

    def __init__(
        self,
        base_url: str,
        *,
        wallet: Wallet,
        nonces: Nonces,
        budget: NetworkBudget,
        request_within: timedelta,
        env: Env,
    ) -> None:
        self.wallet = wallet
        self._url = f"{base_url.rstrip('/')}/exchange"
        self._nonces = nonces
        self._budget = budget
        self._seconds = request_within.total_seconds()
        self._env = env
        self._clock: Clock = env.clock
        self._limiters = {lane: CapacityLimiter(1) for lane in Lane}
        self._lock = Lock()
        self._idle: list[tuple[float, Session]] = []
        self._is_closed = False
        self.refusal = ""
        """Why the venue does not let this key act, empty while it does."""

    @property
    def lease_ends(self) -> int | None:
        """Return until when the engine may act, in milliseconds; None: there is no lease.

        For actions that have no expiry of their own.
        """
        until = self._env.lease_until()
        return None if until is None else to_ms(until)

    async def act(
        self,
        action: Action,
        lane: Lane,
        *,
        batch: int = 1,
        nonce: int | None = None,
        expires: int | None = None,
        noted: Noted | None = None,
    ) -> Mapping[str, Any]:
        """Have an action carried out and return the `response` of an answer that says ok.

        Args:
            action: what is to be done.
            lane: whose worker posts it.
            batch: how many orders or cancels are in it.
            nonce: of an action that is to take the place of another; None: a new one.
            expires: time in milliseconds after which the venue is to refuse it.
            noted: told the nonce before anything is sent.

        Raises:
            TransientError: nothing was done, and it may be tried again.
            RejectedError: the venue refused the action as a whole.
            OutcomeUnknownError: it may have been carried out, or still be.
        """
        async with self._limiters[lane]:
            room = timedelta(seconds=self._seconds)
            weight = exchange_weight(batch)
            async with self._budget.spend(weight, lane.priority, patience=room):
                if expires is not None and to_ms(self._clock.now()) >= expires:
                    message = "its time was over before it could be sent"
                    raise self._told(TransientError(message), action)
                number = self._nonces.next() if nonce is None else nonce
                if noted is not None:
                    await noted(number)
                try:
                    return await self._post(action, number, expires)
                except ProviderError as error:
                    self._take_note(error)
                    raise self._told(error, action) from error

    def close(self) -> None:
        """Close connections that are not in use; those in use close when they are done."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for _, session in idle:
            session.close()

    async def _post(self, action: Action, nonce: int, expires: int | None) -> Mapping[str, Any]:
        ticket = Ticket()
        try:
            with anyio.move_on_after(self._seconds):
                answer = await to_thread.run_sync(
                    self._work, ticket, action, nonce, expires, abandon_on_cancel=True
                )
                self.refusal = ""
                return answer
        finally:
            is_unsent = ticket.void()
        if is_unsent:
            message = "nothing was sent in time"
            raise TransientError(message)
        message = f"no answer within {self._seconds:g} s"
        raise OutcomeUnknownError(message)

    def _work(
        self, ticket: Ticket, action: Action, nonce: int, expires: int | None
    ) -> Mapping[str, Any]:
        """Sign and post, in a thread.

        Raises:
            ProviderError: as `act`.
        """
        try:
            body = json.dumps(self.wallet.sign(action, nonce=nonce, expires=expires)).encode()
        except Exception as error:  # noqa: BLE001 - libraries of signatures raise anything
            # Nothing of it goes into the message: it may hold what was signed with.
            message = f"the action could not be signed: {type(error).__name__}"
            raise TransientError(message) from None
        session = self._session()
        if not ticket.leave():
            session.close()
            message = "nothing was sent in time"
            raise TransientError(message)
        is_whole = False
        try:
            response = session.post(
                self._url,
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=self._seconds,
            )
            text, status, headers = response.text, response.status_code, response.headers
            is_whole = True
        except Exception as error:
            raise refusals.of_exception(error) from error
        finally:
            self._keep(session, is_whole=is_whole)
        return _response(text, status, headers)

    def _session(self) -> Session:
        now = stopwatch()
        while True:
            with self._lock:
                if not self._idle:
                    return open_session(self._seconds)
                since, session = self._idle.pop()
            if now - since < IDLE:
                return session
            session.close()

    def _keep(self, session: Session, *, is_whole: bool) -> None:
        with self._lock:
            keep = is_whole and not self._is_closed
            if keep:
                self._idle.append((stopwatch(), session))
        if not keep:
            session.close()

    def _take_note(self, error: ProviderError) -> None:
        if isinstance(error, RateLimitedError):
            self._budget.refused(error.retry_after or PAUSE)
        elif isinstance(error, refusals.BudgetSpentError):
            self._env.alert("actions_spent", f"the venue takes no more actions for now: {error}")
        elif isinstance(error, refusals.StrangerError):
            self.refusal = error.text
            self._env.alert(
                "signer_refused",
                f"the venue does not let the key {self.wallet.address} act for"
                f" {self.wallet.user}: {error.text}",
            )

    def _told(self, error: ProviderError, action: Action) -> ProviderError:
        error.args = (f"{action['type']}: {error}",)
        error.section = self._env.section
        return error


def _response(text: str, status: int, headers: Mapping[str, str]) -> Mapping[str, Any]:
    if status != HTTPStatus.OK:
        raise refusals.of_status(status, text, headers)
    try:
        answer = json.loads(text)
    except ValueError:
        message = "the answer is no JSON (cut off, or not the venue's)"
        raise OutcomeUnknownError(message) from None
    if isinstance(answer, dict):
        response = answer.get("response")
        if answer.get("status") == "err":
            raise refusals.of_text(response)
        if answer.get("status") == "ok" and isinstance(response, dict):
            return response
    message = "the answer has a form nobody knows"
    raise OutcomeUnknownError(message)
