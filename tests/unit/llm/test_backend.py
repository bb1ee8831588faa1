"""The baseline backend as nof0 sees it."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import NoReturn

import pytest

from nof0_core.domain.decision import Signal
from nof0_core.domain.model import ModelSpec
from nof0_core.domain.outlook import TraderOutlook
from nof0_core.errors import LLMError
from nof0_core.protocols.llm import CompletionRequest
from nof0_llm.baseline.params import BaselineConfig, BaselineParams
from nof0_llm.plugin import BASELINE, nof0_llm_backends

pytestmark = pytest.mark.anyio


def _render() -> NoReturn:
    pytest.fail("a baseline must not render a prompt")


@pytest.fixture
def request_for(context):
    def make(model: ModelSpec) -> CompletionRequest:
        ctx = context()
        return CompletionRequest(
            trader=ctx.trader,
            cycle=ctx.cycle,
            model=model,
            context=ctx,
            schema={},
            deadline=ctx.time + timedelta(minutes=1),
            render=_render,
        )

    return make


def spec(model_name, params=None):
    return ModelSpec(name="yardstick", backend="baseline", model_name=model_name, params=params)


async def complete(request):
    async with BASELINE.open(BaselineConfig(), None) as backend:
        return await backend.complete(request)


async def test_it_answers_with_typed_decisions_and_renders_nothing(request_for):
    request = request_for(spec("buy_and_hold", BaselineParams(symbols=("ETH",), leverage=2)))
    completion = await complete(request)

    (decision,) = completion.decisions
    assert (decision.signal, decision.symbol) == (Signal.BUY_TO_ENTER, "ETH")
    assert decision.leverage == 2
    assert completion.model == "yardstick"
    assert completion.chain_of_thought == "ETH is bought once and held."
    assert request.rendered is None


async def test_without_params_the_defaults_hold(request_for):
    completion = await complete(request_for(spec("ema_cross")))

    assert completion.decisions == ()


async def test_an_unknown_strategy_is_an_error_with_a_near_miss(request_for):
    with pytest.raises(LLMError, match='unknown baseline strategy "ema_cros", did you mean') as e:
        await complete(request_for(spec("ema_cros")))
    assert "buy_and_hold, ema_cross, mean_reversion, random" in str(e.value)


async def test_params_of_another_backend_are_refused(request_for):
    with pytest.raises(LLMError, match="not those of the baseline backend"):
        await complete(request_for(spec("random", params={"seed": 1})))


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (spec("random"), None),
        (spec("", None), 'unknown baseline strategy "" (model_name must be one of'),
        (spec("randon"), 'did you mean "random"?'),
        (spec("random", BaselineParams(interval="3 minutes")), "params.interval: not a bar"),
    ],
)
async def test_a_wrong_model_entry_is_found_while_configuration_is_checked(model, problem):
    found = BASELINE.check_model(model)

    assert found is None if problem is None else problem in found


SEEN = TraderOutlook(
    trader="one",
    symbols=("BTC", "ETH"),
    intervals=("3m", "4h"),
    indicators=("ema20", "ema50", "rsi14", "atr14"),
    series_bars=10,
    decision_interval=timedelta(minutes=3),
)


@pytest.mark.parametrize(
    ("model", "problems"),
    [
        (spec("ema_cross", BaselineParams()), []),
        (spec("ema_cross"), []),
        (
            spec("buy_and_hold", BaselineParams(symbols=("BTC", "eth", "DOGE"), interval="1h")),
            ['"eth" (did you mean "ETH"?), which is not', 'names "DOGE", which is not among its'],
        ),
        (spec("random", BaselineParams(interval="1h")), ['params.interval is "1h", but it sees']),
        (
            spec("mean_reversion", BaselineParams(slow="ema51", atr="natr")),
            ['params.slow is "ema51" (did you mean "ema5', 'params.atr is "natr"'],
        ),
        (spec("ema_cross", BaselineParams(fresh_bars=10)), ["which takes 11 bars, and it sees 10"]),
    ],
)
async def test_what_a_trader_does_not_see_is_known_before_a_run(model, problems):
    found = BASELINE.check_trader(model, SEEN)

    assert len(found) == len(problems)
    for said, wanted in zip(found, problems, strict=True):
        assert wanted in said


async def test_it_is_offered_as_a_backend_that_reads_no_prompt():
    (kind,) = [each for each in nof0_llm_backends() if each.type == "baseline"]

    assert (kind.type, kind.reads_prompt, kind.params) == ("baseline", False, BaselineParams)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rsi_low", 51.0),
        ("rsi_high", 49.0),
        ("fresh_bars", 0),
        ("stop_atr", 0.0),
        ("reward", -1.0),
        ("stop_pct", 100.0),
        ("size_pct", 0.0),
        ("leverage", 0),
        ("confidence", 100.5),
        ("trades_per_day", 0.0),
        ("hold", timedelta(0)),
    ],
)
async def test_params_out_of_range_are_refused(field, value):
    with pytest.raises(ValueError, match="must be"):
        BaselineParams(**{field: value})


def test_the_plugin_module_loads_no_strategy():
    code = "import sys, nof0_llm.plugin; print('nof0_llm.baseline.backend' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "False"
