"""Sharing out capital anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from nof0_core.border.foreign import Origin, is_passing
from nof0_core.border.shown import Copier
from nof0_core.border.values import number
from nof0_core.config.model import Config
from nof0_core.domain.event import Rebalanced, Transferred
from nof0_core.domain.view import TraderView
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.ids import ENGINE, RESERVE, TraderId
from nof0_core.manager.allocation.transfers import transfers
from nof0_core.money import HUNDRED, ZERO, exactly
from nof0_core.protocols import AllocationRequest
from nof0_core.state.recorder import Recorder

SUM_TOLERANCE = Decimal("1E-9")
"""Shares may miss the available percentage by this much (rounding of an allocator's division)."""

SHARE = number(least=0, digits=4)


class Rebalancer:
    """Asks the allocator for shares and moves cash accordingly, as transfers, never as profit.

    Where somebody holds a coin without a price, nobody knows the shares, and nothing is moved.

    Traders of different venue accounts never exchange capital: each venue account is shared out on
    its own, since nothing here can move money between venues.
    """

    def __init__(self, *, config: Config, recorder: Recorder, origin: Origin) -> None:
        """Remember whose code the allocator is (`origin`)."""
        self._config = config
        self._origin = origin
        self._recorder = recorder

    def run(self, views: Sequence[TraderView]) -> None:
        """Rebalance each venue account; where an allocator misbehaves, leave capital alone."""
        for venue_account in self._config.exchanges:
            members = [view for view in views if view.venue_account == venue_account]
            unpriced = [view.trader for view in members if view.account.unpriced]
            if unpriced:
                self._recorder.log.warning(
                    "capital stays as it is: held without a price",
                    venue_account=venue_account,
                    traders=unpriced,
                )
            elif len(members) > 1:
                self._share_out(venue_account, members)

    @exactly
    def _share_out(self, venue_account: str, members: Sequence[TraderView]) -> None:
        reserve = self._recorder.state.account(
            venue_account, RESERVE, {}, self._recorder.clock.now(), {}
        )
        accounts = {RESERVE: reserve} | {view.trader: view.account for view in members}
        total = sum((account.equity for account in accounts.values()), ZERO)
        if total <= 0:
            return
        # The reserve keeps what it has; what the traders have together is shared out.
        available = HUNDRED - HUNDRED * reserve.equity / total
        request = AllocationRequest(
            traders=members,
            configured=self._configured([view.trader for view in members], available),
            current={v.trader: v.account.equity / total * HUNDRED for v in members},
            available_pct=available,
        )
        try:
            shown = request if self._origin.is_ours else Copier()(request)
            answer: object = self._config.allocator.allocate(shown)
            shares, problem = {}, fault(answer, request)
            if problem:
                problem = self._origin.at_fault(problem)
            elif isinstance(answer, Mapping):
                shares = dict(answer)
        except BaseException as error:
            if is_passing(error):
                raise
            # A plugin's bug must not move money.
            shares, problem = {}, self._origin.raised("allocate", error)
        if problem:
            self._recorder.alert(
                "allocation_refused", f"{venue_account}: capital stays as it is: {problem}"
            )
            return
        entry_margins = self._recorder.state.entry_margins(venue_account)
        moves = transfers(accounts, shares, total, entry_margins)
        if moves:
            self._recorder.record(
                ENGINE,
                Transferred(
                    venue_account=venue_account,
                    amounts=dict(moves),
                    equities={t: accounts[t].equity for t, _ in moves if t != RESERVE},
                    reason=TransferReason.REBALANCE,
                ),
            )
            strategy = self._config.allocation_strategy
            self._recorder.record(
                ENGINE, Rebalanced(strategy=strategy, before=request.current, after=shares)
            )

    def _configured(
        self, traders: Sequence[TraderId], available: Decimal
    ) -> dict[TraderId, Decimal]:
        """Return the configured shares of some traders, scaled to `available` percent.

        Where all are 0, they stay 0.
        """
        chosen = {t.id: t.allocation_pct for t in self._config.traders if t.id in traders}
        total = sum(chosen.values(), ZERO)
        if not total:
            return chosen
        return {trader: pct / total * available for trader, pct in chosen.items()}


def fault(shares: object, request: AllocationRequest) -> str:
    """Say what is wrong with an allocator's answer; empty if nothing."""
    if not isinstance(shares, Mapping):
        return f"the allocator answered with a {type(shares).__name__}, not with a mapping"
    if set(shares) != set(request.configured):
        return "the allocator left out or invented traders"
    for trader, share in shares.items():
        wrong = SHARE(share)
        if wrong:
            return f"the share of {trader} {wrong}"
    total = sum(shares.values(), ZERO)
    if total > request.available_pct + SUM_TOLERANCE:
        return f"shares sum to {total} %, more than the {request.available_pct} % there are"
    return ""
