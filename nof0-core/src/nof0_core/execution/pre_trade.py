"""What keeps an order from leaving after all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nof0_core.domain.event import OrderIntended
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.order_record import OrderRecord
from nof0_core.execution.approvals import Approvals
from nof0_core.execution.lost_intents import LostIntents
from nof0_core.execution.nets import Nets
from nof0_core.execution.reconciliation import Reconciliation
from nof0_core.execution.venue_ward import VenueWard
from nof0_core.ids import Symbol, TraderId, client_order_id
from nof0_core.risk.approval import ApprovedDecision
from nof0_core.state.recorder import Recorder


class PreTradeCheck:
    """Asked for every order before it is made, and again right before it leaves.

    `refusal` says what outside the venue account stops a trader (empty: nothing), such as a
    halt.
    """

    def __init__(
        self,
        *,
        venue_account: str,
        recorder: Recorder,
        reconciliation: Reconciliation,
        nets: Nets,
        approvals: Approvals,
        ward: VenueWard,
        lost_intents: LostIntents,
        refusal: Callable[[TraderId], str],
    ) -> None:
        self._venue_account = venue_account
        self._recorder = recorder
        self._reconciliation = reconciliation
        self._nets = nets
        self._approvals = approvals
        self._ward = ward
        self._lost_intents = lost_intents
        self._refusal = refusal

    def refusal(self, approved: ApprovedDecision) -> str:
        """Say why an approved entry must not leave after all; empty if it may."""
        trader, symbol = approved.trader, approved.decision.symbol
        held = self._recorder.state.held(self._venue_account)
        if any(p.trader == trader and p.symbol == symbol for p in held):
            return "the trader already has a position in the coin"
        own = client_order_id(trader, approved.cycle, symbol, OrderPurpose.OPEN)
        if self.is_under_way(trader, symbol, but=own):
            return "an order on the coin is still on its way"
        return self._stop(trader, symbol, own)

    def standing_exit(self, approved: ApprovedDecision) -> str:
        """Say so while a stop or target of the position that was just closed may still fill.

        It would close what the entry opens.
        """
        exits = self._recorder.state.open_exits(approved.trader, approved.decision.symbol)
        return "an exit of the closed position still stands at the venue" if exits else ""

    def is_under_way(self, trader: TraderId, symbol: Symbol, *, but: str | None = None) -> bool:
        """Tell whether an order of the trader on the coin may yet fill, its exits left out.

        Sent beside it, another entry would double the position. The order `but` is no reason: it is
        asked for instead of being sent again.
        """
        return any(record.client_id != but for record in self._filling(trader, symbol))

    def is_closing(self, trader: TraderId, symbol: Symbol) -> bool:
        """Tell whether a close of the trader on the coin may yet fill.

        Another one would turn the position round. An entry is no reason: what it has filled is
        closed, what it may yet fill is protected then.
        """
        return any(
            record.purpose is not OrderPurpose.OPEN for record in self._filling(trader, symbol)
        )

    def _filling(self, trader: TraderId, symbol: Symbol) -> Iterator[OrderRecord]:
        for record in self._recorder.state.open_orders(self._venue_account):
            if (
                record.trader == trader
                and record.symbol == symbol
                and record.request.trigger is None
                and record.filled < record.request.size
            ):
                yield record

    def refusal_at_sending(self, intent: OrderIntended) -> str:
        """Say why an order must not leave now, empty if it may.

        An entry is stopped by whatever has come since it was made; a close that is no reduction
        by a net position that is not for sure what the ledger expects.
        """
        request = intent.request
        if intent.purpose is OrderPurpose.OPEN:
            stopped = self._stop(intent.trader, request.symbol, request.client_id)
            return stopped or self._approvals.refusal(request.client_id)
        if request.trigger is None and not request.is_reduce_only:
            doubt = self._nets.doubt(request.symbol)
            return f"not sent: {doubt}" if doubt else ""
        return ""

    def _stop(self, trader: TraderId, symbol: Symbol, own: str) -> str:
        if self._recorder.is_disk_full:
            return "entries are stopped: the disk is full"
        refusal = self._refusal(trader)
        if refusal:
            return f"entries are stopped: {refusal}"
        return (
            self._ward.refusal(symbol)
            or self._reconciliation.refusal(symbol)
            or self._lost_intents.refusal(symbol)
            or self._unknown(symbol, own)
            or self._rest(trader, symbol)
        )

    def _unknown(self, symbol: Symbol, own: str) -> str:
        """An order of unknown outcome counts at its worst, for everybody on the coin."""
        for record in self._recorder.state.open_orders(self._venue_account):
            if (
                record.symbol == symbol
                and record.client_id != own
                and record.request.trigger is None
                and record.is_unknown
            ):
                return f"nobody knows yet what became of an order of {record.trader} on the coin"
        return ""

    def _rest(self, trader: TraderId, symbol: Symbol) -> str:
        rest = self._recorder.state.rest(trader, symbol)
        if rest is None or self._recorder.clock.now() >= rest.until:
            return ""
        return f"{symbol} rests until {rest.until:%Y-%m-%d %H:%M:%S}: {rest.reason}"
