"""One decision cycle, from market to journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from nof0_core.decision import DecisionResult
from nof0_core.domain.context import BudgetLeft, DecisionContext, Performance
from nof0_core.domain.decision import CHECK_FAILED, Judgement
from nof0_core.domain.event import CycleEnded, MarketSeen
from nof0_core.domain.model import Usage
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.execution.engine import ExecutionEngine, ExecutionReport
from nof0_core.ids import ENGINE, TraderId, cycle_id
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.trader import Trader
from nof0_core.market.feed import MarketFeed
from nof0_core.market.view import MarketView
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.spending.budget import ModelBudget
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class CycleRunner:
    """Runs cycles of all traders of one engine.

    A cycle ends in exactly one `cycle` record, whatever happens; it fails closed: without data, a
    readable account or a usable answer nothing is ordered and exits stay as they are.
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
    ) -> None:
        self._recorder = recorder
        self._feeds = feeds
        self._executions = executions
        self._portfolio = portfolio
        self._brakes = brakes
        self._budget = budget
        self._failed_checks: AlertOnce[tuple[TraderId, str]] = AlertOnce(recorder, CHECK_FAILED)
        self._seen: tuple[datetime | None, set[str]] = (None, set())

    async def run(self, trader: Trader, scheduled: datetime) -> DecisionResult:
        """Run one cycle and return what came of its question."""
        config = trader.config
        feed, execution = self._feeds[config.market], self._executions[config.exchange]
        moment = await feed.moment(config.symbols)
        self._record_market(config.market, moment)
        account = self._portfolio.account(config.id)
        self._brakes.evaluate(config.id, account)
        context = DecisionContext(
            trader=config.id,
            cycle=cycle_id(config.id, scheduled),
            time=self._recorder.clock.now(),
            started_at=self._recorder.state.started_at(config.id) or scheduled,
            symbols=config.symbols,
            account=account,
            performance=self._portfolio.performance(config.id, account),
            snapshots=moment.snapshots,
            instruments=feed.instruments,
            limits=config.limits,
            brakes=self._brakes.state(config.id, account),
            budget=self._left(trader),
            decision_interval=config.decision_interval,
            past=self._recorder.state.past(config.id),
        )
        result = await trader.maker.decide(context, scheduled)
        carried = ExecutionReport()
        if result.approved:
            symbols = tuple(a.decision.symbol for a in result.approved)
            carried = await execution.submit(
                result.approved, await self._portfolio.refresh(config.exchange, symbols)
            )
        self._record(trader, scheduled, context, moment.digest, result, carried)
        self._alert_failed_checks(config.id, result.judgements)
        return result

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
        return BudgetLeft(usd=left.usd, tokens=left.tokens)

    def _record_market(self, section: str, moment: MarketView) -> None:
        """Write down what traders see, once for all that see the same."""
        time, digests = self._seen
        if time != moment.time:
            digests = set()
            self._seen = (moment.time, digests)
        if moment.digest not in digests:
            digests.add(moment.digest)
            self._recorder.record(
                ENGINE,
                MarketSeen(section=section, digest=moment.digest, snapshots=moment.record),
            )

    def record_failure(
        self, trader: Trader, scheduled: datetime, status: CycleStatus, error: str
    ) -> None:
        """Write the record of a cycle that ended before it had an answer."""
        config, calls = trader.config, trader.maker.take_calls()
        self._recorder.record(
            config.id,
            CycleEnded(
                trader=config.id,
                cycle=cycle_id(config.id, scheduled),
                number=self._recorder.state.cycles(config.id) + 1,
                scheduled=scheduled,
                status=status,
                model=config.model.name,
                market="",
                account=self._portfolio.account(config.id),
                performance=Performance(),
                error=error,
                usage=sum((call.usage for call in calls), Usage()),
                calls=calls,
            ),
        )

    def _record(
        self,
        trader: Trader,
        scheduled: datetime,
        context: DecisionContext,
        market: str,
        result: DecisionResult,
        carried: ExecutionReport,
    ) -> None:
        completion, prompt = result.completion, result.prompt
        calls = trader.maker.take_calls()
        usage = sum((call.usage for call in calls), Usage())
        model = trader.config.model.name
        if completion is not None:
            model = completion.model
            usage = usage if calls else completion.usage
        record = CycleEnded(
            trader=context.trader,
            cycle=context.cycle,
            number=self._recorder.state.cycles(context.trader) + 1,
            scheduled=scheduled,
            status=result.status,
            model=model,
            market=market,
            account=context.account,
            performance=context.performance,
            parameters=trader.parameters(model),
            prompt_digest=None if prompt is None else prompt.digest,
            template_versions={} if prompt is None else prompt.versions,
            messages=None if prompt is None else prompt.messages,
            prompt_cut="" if prompt is None else prompt.cut,
            answer="" if completion is None else completion.text,
            chain_of_thought="" if completion is None else completion.chain_of_thought,
            usage=usage,
            calls=calls,
            judgements=result.judgements,
            orders=carried.orders,
            fills=carried.fills,
            error=result.error,
        )
        self._recorder.record(
            context.trader,
            record,
            took=result.latency_s,
        )
