"""What keeps an approved entry from leaving after all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nof0_core.domain.event import OrderIntended, OrderReport
from nof0_core.domain.order import OrderPurpose
from nof0_core.execution.reconciliation import Reconciliation
from nof0_core.execution.reports import held_back
from nof0_core.ids import Symbol, TraderId, client_order_id
from nof0_core.risk.approval import ApprovedDecision
from nof0_core.state.recorder import Recorder


class PreTradeCheck:
    """Asked for every entry before it leaves.

    `refusal` says what outside the venue account stops a trader (empty: nothing), such as a
    halt.
    """

    def __init__(
        self,
        *,
        venue_account: str,
        recorder: Recorder,
        reconciliation: Reconciliation,
        refusal: Callable[[TraderId], str],
    ) -> None:
        self._venue_account = venue_account
        self._recorder = recorder
        self._reconciliation = reconciliation
        self._refusal = refusal

    def refusal(self, approved: ApprovedDecision) -> str:
        """Say why an approved entry must not leave after all; empty if it may."""
        trader, symbol = approved.trader, approved.decision.symbol
        if self._recorder.state.position(trader, symbol) is not None:
            return "the trader already has a position in the coin"
        if self.is_under_way(trader, symbol, but=approved):
            return "an order on the coin is still on its way"
        return self._reconciliation.refusal(symbol) or self._stop(trader)

    def is_under_way(
        self, trader: TraderId, symbol: Symbol, *, but: ApprovedDecision | None = None
    ) -> bool:
        """Tell whether an order of the trader on the coin may yet fill, its exits left out.

        Sent beside it, another close would turn the position round, another entry double it. The
        entry of `but` itself is no reason: the order manager asks for it instead of sending it
        again.
        """
        own = (
            client_order_id(trader, but.cycle, symbol, OrderPurpose.OPEN)
            if but is not None
            else None
        )
        return any(
            record.trader == trader
            and record.symbol == symbol
            and record.request.trigger is None
            and record.client_id != own
            for record in self._recorder.state.open_orders(self._venue_account)
        )

    def sort_out(
        self, intents: Sequence[OrderIntended]
    ) -> tuple[list[OrderIntended], list[OrderReport]]:
        """Return the orders that may still leave, and reports of the entries that may not."""
        wanted: list[OrderIntended] = []
        stopped: list[OrderReport] = []
        for intent in intents:
            reason = self.refusal_at_sending(intent)
            if reason:
                stopped.append(held_back(intent, reason))
            else:
                wanted.append(intent)
        return wanted, stopped

    def refusal_at_sending(self, intent: OrderIntended) -> str:
        """Say why an order must not leave now, empty if it may; only entries are ever stopped."""
        return self._stop(intent.trader) if intent.purpose is OrderPurpose.OPEN else ""

    def _stop(self, trader: TraderId) -> str:
        refusal = self._refusal(trader)
        return f"entries are stopped: {refusal}" if refusal else ""
