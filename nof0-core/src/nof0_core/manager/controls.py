"""Doing what a person asked for: halt, pause, resume, close, settle; hearing of a reload."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from nof0_core.domain.brakes import Brake
from nof0_core.domain.event import BrakeTripped, ControlAnswered
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.vocabulary import ControlCommand, ControlOutcome
from nof0_core.errors import UsageError
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.ids import ENGINE, Symbol, TraderId
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.reload_asks import ReloadAsks
from nof0_core.manager.requests import Halt, HaltWatch, Request, Requests
from nof0_core.manager.settlements import QuoteSource, Settlements
from nof0_core.manager.trader import Trader
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class Controls:
    """Reads the control directory and carries out what it finds.

    Nothing here opens a position, and a close only ever touches a trader's own quantity. A control
    directory that cannot be read keeps nobody from trading; it is told once, as an alert.
    """

    def __init__(
        self,
        *,
        recorder: Recorder,
        brakes: TraderBrakes,
        traders: Mapping[TraderId, Trader],
        venue_accounts: Collection[str],
        halts: HaltWatch,
        requests: Requests,
        reloads: ReloadAsks,
    ) -> None:
        self._recorder = recorder
        self._brakes = brakes
        self._traders = traders
        self._venue_accounts = venue_accounts
        self._settlements = Settlements(recorder)
        self._halts = halts
        self._requests = requests
        self._reloads = reloads
        self._halt: Halt | None = None
        self._waiting: Sequence[Request] = ()
        self._faults: AlertOnce[str] = AlertOnce(recorder, "control_unreadable")

    def has_news(self) -> bool:
        """Tell whether a person has asked for something since `listen`; changes nothing."""
        if self._halts.look() != self._halt:
            return True
        try:
            heard = {request.id for request in self._waiting}
            return any(request.id not in heard for request in self._requests.look())
        except UsageError:
            # The next look says so.
            return False

    def listen(self) -> None:
        """Take note of the halt and do what needs no venue: pause, resume, refuse."""
        self._record_halt()
        self._waiting = self._read()
        for request in self._waiting:
            if self._recorder.state.controls.is_answered(request.id):
                # Answered before the engine died between answer and removal.
                self._drop(request)
            elif request.command is ControlCommand.SETTLE:
                if request.venue_account not in self._venue_accounts:
                    said = f"there is no exchange section {request.venue_account}"
                    self.answer(request, ControlOutcome.REFUSED, said)
            elif request.command is ControlCommand.RELOAD:
                self._reloads.ask(request)
            elif request.trader is None or request.trader not in self._traders:
                self.answer(request, ControlOutcome.REFUSED, f"there is no trader {request.trader}")
            elif request.command is ControlCommand.PAUSE:
                self._pause(request, request.trader)
            elif request.command is ControlCommand.RESUME:
                self._resume(request, request.trader)

    async def close_out(self, execution: ExecutionEngine, quotes: Mapping[Symbol, Quote]) -> None:
        """Close what is to be closed on one venue account, as far as it can be done now.

        What could not be closed (no counterpart, no price) is tried again at the next look.
        """
        if self._halt is not None and self._halt.is_flatten:
            await execution.flatten(self._traders.keys(), quotes)
        for request in self._waiting:
            trader = self._traders.get(request.trader) if request.trader is not None else None
            if (
                request.command is ControlCommand.CLOSE
                and trader is not None
                and trader.config.exchange == execution.venue_account
                and not self._recorder.state.controls.is_answered(request.id)
            ):
                await self._close(request, trader.config.id, execution, quotes)

    async def settle(self, execution: ExecutionEngine, prices: QuoteSource) -> None:
        """Settle what ledger and one venue account differ on where a person asked for it.

        Called right after a sync: only then is it known what differs. What has to wait is tried
        again at the next one.

        Raises:
            EndOfDataError: a recording is over.
        """
        for request in self._waiting:
            if (
                request.command is ControlCommand.SETTLE
                and request.symbol is not None
                and request.venue_account == execution.venue_account
                and not self._recorder.state.controls.is_answered(request.id)
            ):
                answer = await self._settlements.settle(request, request.symbol, execution, prices)
                if answer is not None:
                    self.answer(request, *answer)

    def _record_halt(self) -> None:
        halt, known = self._halts.look(), self._recorder.state.brakes.halt
        if halt is None and known is not None:
            self._brakes.release(None, Brake.HALT, "resumed")
            self._recorder.commit()
        elif halt is not None and (known is None or known.message != halt.message):
            self._recorder.record(ENGINE, BrakeTripped(brake=Brake.HALT, message=halt.message))
            self._recorder.alert("halted", f"{halt.message}; no entries until `nof0 resume`")
            self._recorder.commit()
        self._halt = halt

    def _pause(self, request: Request, trader: TraderId) -> None:
        if self._brakes.is_paused(trader):
            self.answer(request, ControlOutcome.DONE, "it was paused already")
            return
        self._brakes.pause(trader)
        self._traders[trader].is_paused = True
        self.answer(
            request, ControlOutcome.DONE, "it decides nothing any more; its exits stay in place"
        )

    def _resume(self, request: Request, trader: TraderId) -> None:
        lifted = self._brakes.resume(trader)
        self._traders[trader].is_paused = False
        left = [str(on.brake) for on in self._brakes.active(trader)]
        said = f"lifted: {', '.join(lifted)}" if lifted else "nothing had to be lifted"
        if left:
            said += f"; still on: {', '.join(left)}"
        self.answer(request, ControlOutcome.DONE, said)

    async def _close(
        self,
        request: Request,
        trader: TraderId,
        execution: ExecutionEngine,
        quotes: Mapping[Symbol, Quote],
    ) -> None:
        held = self._held(request, execution)
        for symbol in held:
            await execution.close(trader, symbol, quotes, OrderPurpose.FLATTEN)
        if self._held(request, execution) or self._recorder.state.controls.is_answered(request.id):
            return
        said = f"closed {', '.join(held)}" if held else "nothing was open"
        self.answer(request, ControlOutcome.DONE, said)

    def _held(self, request: Request, execution: ExecutionEngine) -> list[Symbol]:
        return [
            position.symbol
            for position in self._recorder.state.positions(execution.venue_account)
            if position.trader == request.trader and request.symbol in (None, position.symbol)
        ]

    def answer(self, request: Request, outcome: ControlOutcome, message: str) -> None:
        """Write down what became of a request, and take it away."""
        trader = request.trader if request.trader in self._traders else None
        self._recorder.record(
            trader or ENGINE,
            ControlAnswered(
                request=request.id,
                command=request.command,
                trader=request.trader,
                symbol=request.symbol,
                outcome=outcome,
                message=message,
                venue_account=request.venue_account,
            ),
        )
        self._recorder.commit()
        self._drop(request)

    def _read(self) -> Sequence[Request]:
        """Return the waiting requests; where they cannot be read, tell a person and go on."""
        try:
            found = self._requests.read()
        except UsageError as error:
            self._alert(str(error))
            return []
        self._faults.clear_all_but()
        return found

    def _drop(self, request: Request) -> None:
        """Take an answered request away; if that fails, its answer keeps it from being redone."""
        try:
            self._requests.drop(request)
        except UsageError as error:
            self._alert(str(error))

    def _alert(self, fault: str) -> None:
        self._faults.alert(fault, f"{fault}; requests wait until it is put right")
        self._faults.clear_all_but({fault})
