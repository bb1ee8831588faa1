"""From an envelope to an answer: who signed, may they, and what comes of it."""

from __future__ import annotations

from attrs import define, evolve

from nof0_provider_hyperliquid.rehearsal.accounts import (
    action_kinds,
    budgets,
    envelope,
    modes,
    refusals,
    signers,
)
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.answers import Answer, not_understood, refused
from nof0_provider_hyperliquid.rehearsal.accounts.envelope import Envelope
from nof0_provider_hyperliquid.rehearsal.accounts.nonces import Nonces
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MalformedError, RefusedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState


@define
class Pipeline:
    """The exchange endpoint, over a state."""

    _state: ExchangeState

    def answer(self, body: object) -> Answer:
        """Do what a request asks, or say why not, in the venue's order.

        Shape (422), signer, nonce, `expiresAfter`, budgets of the address, then the action itself.
        """
        try:
            request = envelope.opened(body)
            deed = action_kinds.read(request.action)
            signer = signers.signer(request)
            account = self._acting(request, signer)
            self._state.nonces.setdefault(signer, Nonces()).use(request.nonce, self._state.now)
            self._spend(request, account)
            return evolve(deed(self._state, account), signed=(signer, request.nonce))
        except MalformedError:
            return not_understood()
        except RefusedError as error:
            return refused(str(error))

    def _acting(self, request: Envelope, signer: str) -> Account:
        """Return the account that a request is about.

        An agent acts for its master, save where a wallet must sign itself; both for the vaults and
        sub-accounts of the master.
        """
        state = self._state
        agent = state.agents.find(signer, state.now)
        if agent is not None and modes.is_empty(state.accounts[agent.master]):
            state.agents.drop(agent.master)
            agent = None
        if agent is not None and request.kind not in signers.NAMES:
            user = state.accounts[agent.master]
        elif signer in state.accounts:
            user = state.accounts[signer]
        else:
            raise RefusedError(refusals.unknown_wallet(signer))
        if request.vault is None or request.kind in signers.NAMES:
            if not user.has_deposited and modes.is_empty(user):
                raise RefusedError(refusals.no_deposit(user.address))
            return user
        vault = state.accounts.get(request.vault)
        if vault is None or vault.master != user.address:
            raise RefusedError(refusals.no_vault(request.vault))
        return vault

    def _spend(self, request: Envelope, account: Account) -> None:
        state, is_cancel = self._state, request.kind in action_kinds.CANCELS
        expires = request.expires_after
        number = action_kinds.count(request.action)
        if expires is not None and request.kind not in signers.NAMES and state.now > expires:
            account.used_requests += budgets.STALE * number
            raise RefusedError(refusals.EXPIRED)
        budgets.spend(account, state.rules, number, state.now, is_cancel=is_cancel)
