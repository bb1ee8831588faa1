"""Sharing out capital anew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal

from nof0_core.border.foreign import Origin, is_passing
from nof0_core.border.shown import Copier
from nof0_core.border.values import number
from nof0_core.config.model import Config
from nof0_core.domain.account import AccountState
from nof0_core.domain.event import Rebalanced, Transferred
from nof0_core.domain.view import TraderView
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.ids import ENGINE, RESERVE, UNASSIGNED, TraderId, is_shared
from nof0_core.manager.allocation.equal import Equal
from nof0_core.manager.allocation.fixed import Fixed
from nof0_core.manager.allocation.managed import configured_pct, managed_usd, part_usd
from nof0_core.manager.allocation.transfers import transfers
from nof0_core.money import HUNDRED, ZERO, exactly, plain
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.protocols import AllocationRequest
from nof0_core.state.recorder import Recorder

SUM_TOLERANCE = Decimal("1E-9")
"""Shares may miss the available percentage by this much (rounding of an allocator's division)."""

SHARE = number(least=0, digits=4)


class Rebalancer:
    """Asks the allocator for shares and moves cash accordingly, as transfers, never as profit.

    Where somebody holds a coin without a price, nobody knows the shares, and nothing is moved.

    Traders of different venue accounts never exchange capital: each venue account is shared out on
    its own, since nothing here can move money between venues. Traders that are no longer configured
    give what they have left to the reserve.
    """

    def __init__(
        self, *, config: Config, recorder: Recorder, portfolio: Portfolio, origin: Origin
    ) -> None:
        """Remember whose code the allocator is (`origin`)."""
        self._config = config
        self._origin = origin
        self._recorder = recorder
        self._portfolio = portfolio
        self.rests_since: int | None = None

    @property
    def is_constant(self) -> bool:
        """Tell whether the shares follow from the configuration alone."""
        return isinstance(self._config.allocator, Fixed | Equal)

    def run(
        self, views: Sequence[TraderView], *, before: Callable[[], None] = lambda: None
    ) -> None:
        """Rebalance each venue account; where an allocator misbehaves, leave capital alone.

        `before` is called ahead of what is recorded. `rests_since` is the newest event then where
        nothing was moved, and nothing will be until a trader's account changes; else None.
        """
        known = self._recorder.last_seq
        is_known = self._share_out_all(views, before)
        is_resting = is_known and self.is_constant and self._recorder.last_seq == known
        self.rests_since = known if is_resting else None

    def _share_out_all(self, views: Sequence[TraderView], before: Callable[[], None]) -> bool:
        """Share out what all venue accounts have; return False where one is left alone."""
        is_known = True
        for venue_account in self._config.exchanges:
            members = [view for view in views if view.venue_account == venue_account]
            accounts = {view.trader: view.account for view in members}
            accounts |= self._former(venue_account, accounts)
            unpriced = [trader for trader, account in accounts.items() if account.unpriced]
            if not members:
                continue
            if unpriced:
                is_known = False
                self._recorder.log.warning(
                    "capital stays as it is: held without a price",
                    venue_account=venue_account,
                    traders=unpriced,
                )
            else:
                self._share_out(venue_account, members, accounts, before)
        return is_known

    def _former(
        self, venue_account: str, present: Collection[TraderId]
    ) -> dict[TraderId, AccountState]:
        """Return the accounts of traders that are no longer in the configuration."""
        return {
            trader: self._portfolio.valued(venue_account, trader)
            for trader in self._recorder.state.traders(venue_account)
            if trader not in present and not is_shared(trader)
        }

    @exactly
    def _share_out(
        self,
        venue_account: str,
        members: Sequence[TraderView],
        accounts: Mapping[TraderId, AccountState],
        before: Callable[[], None],
    ) -> None:
        total = managed_usd(part_usd(self._config, venue_account), accounts.values())
        if total <= 0:
            return
        request = AllocationRequest(
            traders=members,
            configured=configured_pct(self._config, venue_account),
            current={v.trader: v.account.equity / total * HUNDRED for v in members},
            available_pct=HUNDRED - self._config.reserve_pct,
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
            before()
            self._recorder.alert(
                "allocation_refused", f"{venue_account}: capital stays as it is: {problem}"
            )
            return
        entry_margins = self._recorder.state.entry_margins(venue_account)
        reserve = self._portfolio.valued(venue_account, RESERVE)
        moves = transfers(
            {**accounts, RESERVE: reserve},
            dict.fromkeys(accounts, ZERO) | shares,
            total,
            entry_margins,
            self._bound(venue_account, reserve),
        )
        if moves:
            before()
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

    def _bound(self, venue_account: str, reserve: AccountState) -> Decimal:
        """Return what of the reserve what belongs to nobody stands on, in USD.

        All of it while nobody knows what that is worth.
        """
        foreign = self._portfolio.valued(venue_account, UNASSIGNED)
        if foreign.unpriced:
            return reserve.equity
        return max(ZERO, foreign.margin_used - foreign.equity)


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
        more = f"more than the {readable(request.available_pct)} % there are"
        return f"shares sum to {readable(total)} %, {more}"
    return ""


def readable(pct: Decimal) -> str:
    """Write percent for a sentence, with as many decimals as the sum of shares is judged by."""
    return plain(pct.quantize(SUM_TOLERANCE))
