"""Daily budgets: nothing is paid for that could break one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import anyio
import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.clock import SimulatedClock
from nof0_core.domain.context import Performance
from nof0_core.domain.cycle_record import joined
from nof0_core.domain.event import CallsLost, CycleEnded, Decided, Event
from nof0_core.domain.model import DailyBudget, ModelCall, ModelSpec, Usage
from nof0_core.domain.vocabulary import CallOutcome, CycleStatus
from nof0_core.errors import BudgetExceededError, LLMError
from nof0_core.spending.budget import ModelBudget
from nof0_core.state.dispatch import Dispatch
from nof0_core.state.spending import Spending
from nof0_core.testing import samples
from nof0_core.testing.environment import START

GPT, QWEN = ModelSpec(name="gpt", backend="b"), ModelSpec(name="qwen", backend="b")


def usage(cost="1", tokens=100):
    return Usage(prompt_tokens=tokens, cost_usd=D(cost))


def done(coroutine):
    """Return what a coroutine returns that waits for nothing."""
    with pytest.raises(StopIteration) as caught:
        coroutine.send(None)
    return caught.value.value


class Alarms(list):
    def __call__(self, code, message, *, trader=None):
        self.append((code, trader))


class Wallet:
    def __init__(self, *, total=None, traders=None, models=None):
        self.clock = SimulatedClock(START)
        self.alarms = Alarms()
        self.kept = []
        self.limits = {
            "total": total or DailyBudget(),
            "traders": traders or {},
            "models": models or {},
        }
        self.budget = self.made()

    def made(self):
        return ModelBudget(
            clock=self.clock,
            alert_pct=D(80),
            alarm=self.alarms,
            keep=self.keep,
            **self.limits,
        )

    def take_over(self, *events):
        spending = Spending()
        for event in events:
            Dispatch([spending]).prepare(event)()
        self.budget.take_over(spending)

    async def keep(self, trader, model, worst, time):
        number = len(self.kept)
        self.kept.append((trader, model.name, worst, time, "under way"))

        def end(took):
            self.kept[number] = (*self.kept[number][:-1], took)

        return end

    def hold(self, trader="ann", model=GPT, **more):
        return done(self.budget.hold(trader, model, usage(**more)))

    async def at(self, **later):
        await self.clock.sleep_until(START + timedelta(**later))


def cycle(*calls, trader="ann", time=START):
    body = CycleEnded(
        trader=trader,
        cycle="c",
        number=1,
        scheduled=time,
        status=CycleStatus.OK,
        model="gpt",
        market="",
        account=samples.account(),
        performance=Performance(),
        calls=calls,
    )
    return Event(seq=1, time=time, stream=trader, body=body)


def decided(*calls):
    """The decision and the end of one cycle, as the journal has it and as readers get it."""
    whole = cycle(*calls).body
    said = {f.name: getattr(whole, f.name) for f in attrs.fields(Decided)}
    end = attrs.evolve(whole, calls=(), decided=1)
    bodies = (Decided(**said), end, joined(Decided(**said), end))
    return [Event(seq=1, time=START, stream="ann", body=body) for body in bodies]


def lost(*took, trader="ann", began=START, time=START):
    calls = tuple(ModelCall(model="gpt", outcome=CallOutcome.UNKNOWN, usage=each) for each in took)
    body = CallsLost(trader=trader, began=began, calls=calls)
    return Event(seq=2, time=time, stream=trader, body=body)


@pytest.mark.parametrize("told", [(0,), (0, 1), (0, 2)], ids=["decided", "both", "joined"])
def test_what_a_cycle_of_two_records_took_counts_once(told):
    wallet = Wallet(total=DailyBudget(usd=D(3)))
    call = ModelCall(model="gpt", outcome=CallOutcome.ANSWERED, usage=usage("1"))
    events = decided(call)
    wallet.take_over(*(events[number] for number in told))
    assert wallet.budget.left("ann", GPT).usd == D(2)


@pytest.mark.parametrize(
    ("limits", "scope"),
    [
        pytest.param({"total": DailyBudget(usd=D(3))}, "all", id="all"),
        pytest.param({"traders": {"ann": DailyBudget(usd=D(3))}}, "trader ann", id="trader"),
        pytest.param({"models": {"gpt": DailyBudget(usd=D(3))}}, "model gpt", id="model"),
        pytest.param({"total": DailyBudget(tokens=300)}, "all", id="tokens"),
    ],
)
def test_a_call_that_could_break_a_budget_is_refused(limits, scope):
    wallet = Wallet(**limits)
    wallet.hold().settle(usage())
    wallet.hold(cost="2", tokens=200).settle(usage(cost="1.5", tokens=150))
    with pytest.raises(BudgetExceededError) as caught:
        wallet.hold()
    assert caught.value.scope == scope
    wallet.hold(cost="0.5", tokens=50)


def test_calls_under_way_count_and_what_they_did_not_need_comes_back():
    wallet = Wallet(total=DailyBudget(usd=D(2)))
    first, second = wallet.hold(), wallet.hold()
    with pytest.raises(BudgetExceededError):
        wallet.hold(cost="0.01")
    first.release()
    second.settle(usage("0.25"))
    wallet.hold(cost="1.75")


def test_budgets_of_others_are_untouched():
    wallet = Wallet(traders={"ann": DailyBudget(usd=D(1)), "bob": DailyBudget(usd=D(1))})
    wallet.hold("ann").settle(usage())
    with pytest.raises(BudgetExceededError):
        wallet.hold("ann", cost="0.1")
    wallet.hold("bob")


def test_a_spent_budget_refuses_also_what_is_free():
    """Without a price nothing is known to be free: a spent budget is spent."""
    wallet = Wallet(total=DailyBudget(usd=D(1)))
    wallet.hold().settle(usage())
    with pytest.raises(BudgetExceededError):
        wallet.hold(cost="0")


@pytest.mark.anyio
async def test_a_new_day_begins_at_midnight_utc():
    wallet = Wallet(total=DailyBudget(usd=D(1)))
    wallet.hold().settle(usage())
    await wallet.at(hours=23, minutes=59)
    with pytest.raises(BudgetExceededError):
        wallet.hold(cost="0.1")
    await wallet.at(days=1)
    wallet.hold()


@pytest.mark.anyio
async def test_calls_over_midnight_and_new_ones_cannot_break_the_new_days_budget():
    wallet = Wallet(total=DailyBudget(usd=D(1)))
    over_midnight = wallet.hold()
    await wallet.at(days=1)
    with pytest.raises(BudgetExceededError):
        wallet.hold()
    over_midnight.settle(usage("0.25"))
    wallet.hold(cost="0.75")


@pytest.mark.anyio
async def test_a_call_over_midnight_is_booked_where_it_ends():
    wallet = Wallet(total=DailyBudget(usd=D(1)))
    held = wallet.hold()
    await wallet.at(days=1)
    held.settle(usage("0.75"))
    assert wallet.budget.left("ann", GPT).usd == D("0.25")


def test_a_person_is_told_once_when_it_runs_low_and_once_when_it_is_spent():
    wallet = Wallet(traders={"ann": DailyBudget(usd=D(10))})
    wallet.hold(cost="7.9").settle(usage("7.9"))
    assert wallet.alarms == []
    wallet.hold(cost="0.1").settle(usage("0.1"))
    wallet.hold(cost="0.1").settle(usage("0.1"))
    assert wallet.alarms == [("budget_low", "ann")]
    for _ in range(2):
        with pytest.raises(BudgetExceededError):
            wallet.hold(cost="5")
    assert wallet.alarms == [("budget_low", "ann"), ("budget_spent", "ann")]


def test_what_the_journal_holds_was_spent():
    wallet = Wallet(total=DailyBudget(usd=D(3)), models={"qwen": DailyBudget(usd=D(1))})
    calls = (
        ModelCall(model="gpt", outcome=CallOutcome.UNKNOWN, usage=usage("1.5"), is_estimate=True),
    )
    wallet.take_over(
        cycle(*calls),
        cycle(ModelCall(model="qwen", outcome=CallOutcome.ANSWERED, usage=usage("1"))),
    )
    assert wallet.budget.left("ann", GPT).usd == D("0.5")
    with pytest.raises(BudgetExceededError, match="model qwen"):
        wallet.hold(model=QWEN, cost="0.1")


def test_calls_of_a_killed_run_were_spent_and_are_warned_of_with_the_next_call():
    wallet = Wallet(total=DailyBudget(usd=D(3)))
    wallet.take_over(lost(usage("2.5")))
    assert wallet.budget.left("ann", GPT).usd == D("0.5")
    assert wallet.alarms == []
    wallet.hold(cost="0.1").settle(usage("0.1"))
    assert wallet.alarms == [("budget_low", None)]


def test_calls_a_killed_run_made_yesterday_do_not_count():
    wallet = Wallet(total=DailyBudget(usd=D(3)))
    wallet.take_over(lost(usage("2.5"), began=START - timedelta(minutes=1)))
    assert wallet.budget.left("ann", GPT).usd == D(3)


@pytest.mark.parametrize(
    ("limits", "worst", "is_kept"),
    [
        pytest.param({"total": DailyBudget(usd=D(3))}, usage("1", 0), True, id="usd"),
        pytest.param({"traders": {"ann": DailyBudget(tokens=300)}}, usage("0"), True, id="tokens"),
        pytest.param({"models": {"gpt": DailyBudget(usd=D(3))}}, usage("0"), False, id="free"),
        pytest.param({"traders": {"bob": DailyBudget(usd=D(3))}}, usage("1"), False, id="other"),
        pytest.param({}, usage("1"), False, id="no limit"),
    ],
)
def test_only_what_a_limit_applies_to_is_kept_over_a_crash(limits, worst, is_kept):
    wallet = Wallet(**limits)
    held = done(wallet.budget.hold("ann", GPT, worst))
    kept = ("ann", "gpt", worst, START)
    assert wallet.kept == ([(*kept, "under way")] if is_kept else [])
    took = usage("0.5")
    held.settle(took)
    assert wallet.kept == ([(*kept, took)] if is_kept else [])


def test_a_call_that_was_refused_or_cannot_be_kept_holds_nothing():
    wallet = Wallet(total=DailyBudget(usd=D(3)))
    with pytest.raises(BudgetExceededError):
        wallet.hold(cost="4")
    assert wallet.kept == []

    async def full(*_):
        raise LLMError("no space left")

    wallet.keep = full
    wallet.budget = wallet.made()
    with pytest.raises(LLMError, match="no space"):
        wallet.hold()
    assert wallet.budget.left("ann", GPT).usd == D(3)


@pytest.mark.anyio
async def test_a_call_cut_off_while_it_is_kept_holds_nothing():
    wallet = Wallet(total=DailyBudget(usd=D(3)))
    seen = []

    async def slow(*_):
        seen.append(wallet.budget.left("ann", GPT).usd)
        await anyio.sleep_forever()

    wallet.keep = slow
    wallet.budget = wallet.made()
    with anyio.move_on_after(0.01):
        await wallet.budget.hold("ann", GPT, usage("2"))
    assert seen == [D(1)], "it was held before the wait"
    assert wallet.budget.left("ann", GPT).usd == D(3)


def test_what_a_recording_took_is_booked_whatever_is_left():
    wallet = Wallet(total=DailyBudget(usd=D(3)))
    wallet.budget.book("ann", GPT, usage("2.5"))
    wallet.budget.book("ann", GPT, usage("1"))
    assert wallet.budget.left("ann", GPT).usd == 0
    assert wallet.alarms == [("budget_low", None)]
    assert wallet.kept == []


def test_yesterday_in_the_journal_does_not_count():
    wallet = Wallet(total=DailyBudget(usd=D(1)))
    call = ModelCall(model="gpt", outcome=CallOutcome.ANSWERED, usage=usage())
    wallet.take_over(cycle(call, time=START - timedelta(minutes=1)))
    assert wallet.budget.left("ann", GPT).usd == D(1)


def test_a_hold_ends_once():
    held = Wallet().hold()
    held.release()
    with pytest.raises(RuntimeError):
        held.settle(usage())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ann", "bob"]),
            st.sampled_from([GPT, QWEN]),
            st.decimals(min_value=0, max_value=5, places=4),
            st.integers(0, 400),
            st.sampled_from(["settle", "release", "keep"]),
            st.decimals(min_value=0, max_value=1, places=4),
        ),
        max_size=30,
    )
)
def test_no_order_of_calls_breaks_a_budget(steps):
    """Where calls take no more than was held, spent and held together stay within every limit."""
    limits = {"all": D(10), "ann": D(4), "gpt": D(6)}
    wallet = Wallet(
        total=DailyBudget(usd=limits["all"], tokens=1000),
        traders={"ann": DailyBudget(usd=limits["ann"])},
        models={"gpt": DailyBudget(usd=limits["gpt"])},
    )
    out = dict.fromkeys(limits, D(0))
    tokens = 0
    for trader, model, cost, count, ending, part in steps:
        try:
            held = done(wallet.budget.hold(trader, model, usage(str(cost), count)))
        except BudgetExceededError:
            continue
        took = {"settle": cost * part, "release": D(0), "keep": cost}[ending]
        tokens += 0 if ending == "release" else count
        if ending == "settle":
            held.settle(usage(str(took), count))
        elif ending == "release":
            held.release()
        for scope in ("all", trader, model.name):
            if scope in out:
                out[scope] += took
        assert all(out[scope] <= limit for scope, limit in limits.items())
        assert tokens <= 1000


def test_other_limits_go_on_from_what_was_spent_today():
    wallet = Wallet(traders={"ann": DailyBudget(usd=D(10))})
    wallet.budget.book("ann", GPT, usage("4"))
    spending = Spending()
    wallet.budget.reload(
        total=DailyBudget(), traders={"ann": DailyBudget(usd=D(5))}, alert_pct=D(80),
        spending=spending,
    )  # fmt: skip
    assert wallet.budget.left("ann", GPT).usd == 1
    with pytest.raises(BudgetExceededError):
        done(wallet.budget.hold("ann", GPT, usage("2")))
    wallet.budget.reload(
        total=DailyBudget(), traders={"ann": DailyBudget(usd=D(20))}, alert_pct=D(80),
        spending=spending,
    )  # fmt: skip
    assert wallet.budget.left("ann", GPT).usd == 16
    wallet.budget.reload(
        total=DailyBudget(), traders={"ann": DailyBudget()}, alert_pct=D(80), spending=spending
    )
    assert wallet.budget.left("ann", GPT) == DailyBudget()


def test_a_budget_that_is_new_counts_what_the_journal_knows_of_today():
    wallet = Wallet()
    spending = Spending()
    spending.day = START.date()
    spending._add("ann", "gpt", usage("3"), is_lost=False)
    spending._add("bob", "gpt", usage("2"), is_lost=True)
    wallet.budget.reload(
        total=DailyBudget(usd=D(10)), traders={"ann": DailyBudget(usd=D(4))}, alert_pct=D(80),
        spending=spending,
    )  # fmt: skip
    assert wallet.budget.left("ann", GPT).usd == 1
    assert wallet.budget.left("bob", GPT).usd == 5
    spending.day = START.date() - timedelta(days=1)
    wallet.budget.reload(
        total=DailyBudget(usd=D(10), tokens=7), traders={"bob": DailyBudget(usd=D(4))},
        alert_pct=D(80), spending=spending,
    )  # fmt: skip
    assert wallet.budget.left("bob", GPT).usd == 4
