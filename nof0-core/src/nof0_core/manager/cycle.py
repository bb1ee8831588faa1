"""One decision cycle, from market to journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from nof0_core.calls import CallsUnderWay
from nof0_core.decision import CallsMade, DecisionResult
from nof0_core.domain.account import AccountState
from nof0_core.domain.context import BudgetLeft, DecisionContext, Performance
from nof0_core.domain.decision import CHECK_FAILED, Judgement
from nof0_core.domain.event import CycleEnded, Decided, MarksSeen
from nof0_core.domain.evolving import evolved
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.venue_view import VenueView
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import EndOfDataError, JournalError, Nof0Error, in_words
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.ids import ENGINE, CycleId, Symbol, TraderId, cycle_id
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.cycle_end import end_early, ending
from nof0_core.manager.held import HeldCycles
from nof0_core.manager.trader import Trader
from nof0_core.market.feed import MarketFeed
from nof0_core.market.view import MarketView
from nof0_core.market.written_bars import WrittenBars
from nof0_core.money import plain
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.protocols.llm import CallLog
from nof0_core.spending.budget import ModelBudget
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class CycleRunner:
    """Runs cycles of all traders of one engine.

    A cycle ends in exactly one `cycle` record, whatever happens; it fails closed: without data, a
    readable account or a usable answer nothing is ordered and exits stay as they are. What is to be
    ordered stands in a `decided` record before anything is sent.
    """

    def __init__(
        self,
        *,
        recorder: Recorder,
        feeds: Mapping[str, MarketFeed],
        executions: Mapping[str, ExecutionEngine],
        portfolio: Portfolio,
        brakes: TraderBrakes,
        budget: ModelBudget,
        held: HeldCycles,
        stages: CallsUnderWay,
    ) -> None:
        self._recorder = recorder
        self._feeds = feeds
        self._executions = executions
        self._portfolio = portfolio
        self._brakes = brakes
        self._budget = budget
        self._held = held
        self._stages = stages
        self._failed_checks: AlertOnce[tuple[TraderId, str]] = AlertOnce(recorder, CHECK_FAILED)
        self._ended: dict[TraderId, CycleId] = {}
        self._seen: tuple[datetime | None, set[str]] = (None, set())
        self._bars = WrittenBars()
        self._marks: dict[str, MarksSeen] = {}

    async def run(self, trader: Trader, scheduled: datetime, calls: CallLog) -> DecisionResult:
        """Run one cycle and return what came of its question.

        What carrying out raises passes through, after the record was written. `calls` is an empty
        log; whoever records a failure of the cycle hands it on.
        """
        config = trader.config
        self._ended.pop(config.id, None)
        feed = self._feeds[config.market]
        sight = trader.sight
        with self._stages.of("market"):
            moment = await feed.moment(
                config.symbols, indicators=sight.indicators, with_books=sight.books
            )
        folds = self._held.folds(config.id)
        if folds:
            self._held.look_up(config.id, scheduled)
        else:
            self._record_market(config.market, moment)
        account = self._portfolio.account(config.id)
        self._brakes.evaluate(config.id, account)
        context = DecisionContext(
            trader=config.id,
            cycle=cycle_id(config.id, scheduled),
            # One moment for all of it: that is what the journal keeps.
            time=account.time,
            started_at=self._recorder.state.standing(config.id).started_at or scheduled,
            symbols=config.symbols,
            account=account,
            performance=self._performance(account),
            snapshots=moment.snapshots,
            instruments=_instruments(feed, config.symbols, account),
            limits=config.limits,
            brakes=self._brakes.state(config.id, account),
            budget=self._left(trader),
            decision_interval=config.decision_interval,
            past=self._recorder.state.past(config.id),
        )
        venue = self._venue(config.exchange, account.time) if sight.venue else None
        as_of = self._recorder.last_seq
        with self._stages.of("decision"):
            result = await trader.maker.decide(context, scheduled, calls, venue)
        self._stages.timing("model").count(result.latency_s)
        made = trader.maker.read(calls)
        if self._held.is_held(account, result, made):
            self._hold(account, scheduled)
            return result
        if folds:
            self._held.check(config.id, scheduled)
            self._record_market(config.market, moment)
            self._held.end(config.id)
        said = self._said(trader, scheduled, context, moment.digest, as_of, result, made)
        try:
            if result.approved:
                with self._stages.of("orders"):
                    await self._carry_out(trader, Decided(**said), result)
            else:
                body = CycleEnded(**said, status=result.status, error=result.error)
                self._end(body, took=result.latency_s)
        finally:
            self._alert_failed_checks(config.id, result.judgements)
        return result

    def hold(self, trader: TraderId, scheduled: datetime) -> bool:
        """Do what a cycle does in which a trader holds, without asking anybody.

        Returns False where it has to be asked.
        """
        if not self._held.is_left_out(trader, scheduled):
            return False
        account = self._portfolio.account(trader)
        if not self._held.is_followed(account):
            return False
        self._brakes.evaluate(trader, account)
        self._hold(account, scheduled)
        return True

    def _hold(self, account: AccountState, scheduled: datetime) -> None:
        index = account.index
        self._held.note(
            account.trader, first=scheduled, last=scheduled, count=1, peak=index, index=index
        )

    def _performance(self, account: AccountState) -> Performance:
        found = self._portfolio.performance(account.trader, account)
        unrecorded = self._held.count(account.trader)
        if not unrecorded:
            return found
        return evolved(found, cycles=found.cycles + unrecorded)

    async def _carry_out(self, trader: Trader, decided: Decided, result: DecisionResult) -> None:
        """Record the decision, have it carried out and record what came of it, whatever it was."""
        exchange, took = trader.config.exchange, result.latency_s
        event = self._recorder.record(decided.trader, decided)
        symbols = tuple(a.decision.symbol for a in result.approved)
        try:
            quotes = await self._portfolio.refresh(exchange, symbols)
            carried = await self._executions[exchange].submit(result.approved, quotes)
        except JournalError:
            # Nothing can be written any more; the next start writes the end.
            raise
        except BaseException as error:
            self._ended[decided.trader] = decided.cycle
            end_early(self._recorder, event, *_failure(error), took=took)
            raise
        body = ending(
            decided,
            status=result.status,
            orders=carried.orders,
            fills=carried.fills,
            error=carried.trouble,
            decided=event.seq,
        )
        self._end(body, took=took)

    def _end(self, body: CycleEnded, *, took: float) -> None:
        self._ended[body.trader] = body.cycle
        self._recorder.record(body.trader, body, took=took)

    def _alert_failed_checks(self, trader: TraderId, judgements: Sequence[Judgement]) -> None:
        """Tell a person about each check that failed on a trader's decisions, once in a run.

        The decision was refused already; without a word to somebody it would be so for ever.
        """
        for judgement in judgements:
            for verdict in judgement.verdicts:
                if verdict.code == CHECK_FAILED:
                    self._failed_checks.alert(
                        (trader, verdict.check),
                        f'{trader}: the risk check "{verdict.check}" lets nothing through: '
                        f"{verdict.message}",
                        trader=trader,
                        symbol=judgement.decision.symbol,
                    )

    def _left(self, trader: Trader) -> BudgetLeft | None:
        """Return what the trader may still spend on its model today, None without any limit."""
        left = self._budget.left(trader.config.id, trader.config.model)
        if left.usd is None and left.tokens is None:
            return None
        # Without the zeros of what was held meanwhile: a replay holds nothing.
        usd = None if left.usd is None else Decimal(plain(left.usd))
        return BudgetLeft(usd=usd, tokens=left.tokens)

    def _venue(self, venue_account: str, time: datetime) -> VenueView:
        """Return all traders of a venue account; at which marks is written down where it is new."""
        seen = self._portfolio.seen_marks(venue_account)
        if self._marks.get(venue_account) != seen:
            self._recorder.record(ENGINE, seen)
            self._marks[venue_account] = seen
        return self._portfolio.venue_view(seen, time)

    def _record_market(self, section: str, moment: MarketView) -> None:
        """Write down what traders see, once for all that see the same."""
        time, digests = self._seen
        if time != moment.time:
            digests = set()
            self._seen = (moment.time, digests)
        if moment.digest not in digests:
            now = self._recorder.clock.now()
            body, take = self._bars.prepare(section, moment, now)
            take(self._recorder.record(ENGINE, body, time=now).seq)
            digests.add(moment.digest)

    def record_failure(
        self,
        trader: Trader,
        scheduled: datetime,
        calls: CallLog,
        status: CycleStatus,
        error: str,
    ) -> None:
        """Write the record of a cycle that ended before it had an answer; others have theirs."""
        config, made = trader.config, trader.maker.read(calls)
        cycle = cycle_id(config.id, scheduled)
        if self._ended.get(config.id) == cycle:
            return
        self._held.end(config.id)
        body = CycleEnded(
            trader=config.id,
            cycle=cycle,
            number=self._recorder.state.standing(config.id).cycles + 1,
            scheduled=scheduled,
            status=status,
            model=config.model.name,
            market="",
            account=self._portfolio.account(config.id),
            performance=Performance(),
            error=error,
            usage=made.usage(None),
            calls=made.calls,
        )
        self._end(body, took=0.0)

    def _said(
        self,
        trader: Trader,
        scheduled: datetime,
        context: DecisionContext,
        market: str,
        as_of: int,
        result: DecisionResult,
        made: CallsMade,
    ) -> dict[str, Any]:
        """Return what is recorded of a decision, whatever becomes of it."""
        completion, prompt = result.completion, result.prompt
        model = trader.config.model.name if completion is None else completion.model
        return dict(  # noqa: C408 - the arguments of a record
            trader=context.trader,
            cycle=context.cycle,
            number=self._recorder.state.standing(context.trader).cycles + 1,
            scheduled=scheduled,
            model=model,
            market=market,
            account=context.account,
            performance=context.performance,
            as_of=as_of,
            brakes=context.brakes,
            budget=context.budget,
            parameters=trader.parameters(model),
            prompt_digest=None if prompt is None else prompt.digest,
            template_versions={} if prompt is None else prompt.versions,
            messages=None if prompt is None else prompt.messages,
            prompt_cut="" if prompt is None else prompt.cut,
            answer="" if completion is None else completion.text,
            is_typed=completion is not None and completion.decisions is not None,
            chain_of_thought="" if completion is None else completion.chain_of_thought,
            usage=made.usage(completion),
            calls=made.calls,
            judgements=result.judgements,
        )


def _instruments(
    feed: MarketFeed, symbols: Sequence[Symbol], account: AccountState
) -> Mapping[Symbol, Instrument]:
    """Return those of the coins a trader may trade or holds: others are not in the journal."""
    wanted = dict.fromkeys((*symbols, *(holding.symbol for holding in account.holdings)))
    listed = feed.instruments
    return MappingProxyType({symbol: listed[symbol] for symbol in wanted if symbol in listed})


def _failure(error: BaseException) -> tuple[CycleStatus, str]:
    """Return status and sentence of a cycle whose orders raised."""
    if isinstance(error, EndOfDataError):
        return CycleStatus.INTERRUPTED, str(error)
    if not isinstance(error, Exception):
        return CycleStatus.INTERRUPTED, "the engine was stopped"
    is_ours = isinstance(error, Nof0Error)
    return CycleStatus.PROVIDER_ERROR if is_ours else CycleStatus.INTERNAL_ERROR, in_words(error)
