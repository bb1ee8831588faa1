"""Models against the traders that ask them, and functions of kinds that fail."""

from __future__ import annotations

import types
from decimal import Decimal

import attrs
import pytest

from nof0_core import BackendKind, ExchangeKind, hookimpl
from nof0_core.domain.outlook import TraderOutlook
from nof0_core.plugins import load_plugins
from nof0_core.plugins.catalog import LoadedPlugin
from nof0_core.plugins.env import ModelRef
from nof0_core.runtime.preview import address, caveats


@attrs.frozen(kw_only=True)
class Nothing:
    pass


@attrs.frozen(kw_only=True)
class Params:
    coin: str = "BTC"
    other: ModelRef | None = None


def wants_its_coin(spec, trader):
    assert isinstance(trader, TraderOutlook)
    if spec.params.coin in trader.symbols:
        return ()
    return (f"{spec.params.coin} is not among {', '.join(trader.symbols)}",)


def kind(**more):
    more.setdefault("check_trader", wants_its_coin)
    return BackendKind(type="fussy", config=Nothing, open=print, summary="", params=Params, **more)


def registry_with(*backends, exchanges=()):
    module = types.ModuleType("fussy")
    module.nof0_llm_backends = hookimpl(lambda: backends)
    module.nof0_exchange_providers = hookimpl(lambda: exchanges)
    registry = load_plugins({"NOF0_PLUGINS": "nof0-provider-sim"})
    registry.add(LoadedPlugin(name="f:f", distribution="fussy", version="2", module="f"), module)
    return registry


@pytest.fixture
def fussy(bench):
    bench.write("etc/llm.yaml", "models:\n  dummy: {backend: fussy}\n")
    bench.write(
        "etc/market.yaml", "providers: {recorded: {type: sim}}\nsymbols: [BTC]\nintervals: [3m]\n"
    )
    return bench


def test_a_model_that_cannot_answer_its_trader_is_a_problem_at_its_params(fussy):
    entry = "dummy:\n    backend: fussy\n    params: {coin: ETH}"
    fussy.write("etc/llm.yaml", f"models:\n  {entry}\n")
    [misfit] = fussy.load(registry=registry_with(kind())).misfits
    assert str(misfit) == (
        "etc/llm.yaml:4: models.dummy.params: one asks dummy: ETH is not among BTC"
    )


def test_one_that_can_is_not_spoken_of(fussy):
    config = fussy.load(registry=registry_with(kind()))
    assert not config.warnings
    assert not config.misfits


@pytest.mark.parametrize("how", ["fallback", "named by a model"])
def test_one_that_is_asked_beside_others_is_worth_a_warning(fussy, how):
    fussy.write(
        "etc/llm.yaml",
        "models:\n  other: {backend: fussy, params: {coin: ETH}}\n"
        f"  dummy: {{backend: fussy, params: {{{'' if how == 'fallback' else 'other: other'}}}}}\n",
    )
    if how == "fallback":
        fussy.replace(
            "etc/manager.yaml", "model: dummy", "model: dummy\n    fallback_models: [other]"
        )
    [warning] = fussy.load(registry=registry_with(kind())).warnings
    assert str(warning).startswith(
        "etc/llm.yaml:2: models.other.params: one asks other: ETH is not"
    )


def test_what_a_trader_sees_is_told_as_it_is(fussy):
    seen = []
    fussy.write(
        "etc/market.yaml",
        "providers: {recorded: {type: sim}}\nsymbols: [BTC, ETH]\nintervals: [4h, 3m]\n"
        "indicators: [macd, ema20]\nseries_bars: 7\n",
    )
    fussy.load(registry=registry_with(kind(check_trader=lambda _, each: seen.append(each) or ())))
    [outlook] = seen
    assert (outlook.trader, outlook.symbols, outlook.intervals) == (
        "one",
        ("BTC", "ETH"),
        ("3m", "4h"),
    )
    assert outlook.indicators == ("macd", "macd_signal", "macd_hist", "ema20")
    assert outlook.series_bars == 7


RAISED = "raised ZeroDivisionError: division by zero: a defect of fussy 2"


@pytest.mark.parametrize("word", ["check_model", "opens_backends", "validate"])
def test_a_function_of_a_backend_that_raises_is_told_with_its_plugin(fussy, word):
    told = fussy.problems(registry=registry_with(kind(**{word: lambda *_: 1 / 0})))
    assert "division by zero: a defect of fussy 2" in told
    assert "etc/" in told


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        (lambda _: "by guess", ["one: by guess"]),
        (lambda _: None, []),
        (lambda _: 1 / 0, [f"llm fussy: caveat {RAISED}"]),
    ],
)
def test_what_a_backend_says_beside_results_begins_with_its_traders(fussy, tell, said):
    assert caveats(fussy.load(registry=registry_with(kind(caveat=tell)))) == said


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        (None, ""),
        (lambda _: "models.test", "models.test"),
        (lambda _: 1 / 0, f"address {RAISED}"),
    ],
)
def test_a_backend_tells_where_its_models_are_asked(fussy, tell, said):
    config = fussy.load(registry=registry_with(kind(address=tell)))
    assert address(config, config.backends["fussy"]) == said


@pytest.mark.parametrize(
    ("answer", "said"),
    [("no list", "answered 'no list', not a list"), ((1,), "answered a sentence that")],
)
def test_an_answer_that_is_none_is_told_with_its_plugin(fussy, answer, said):
    config = fussy.load(registry=registry_with(kind(check_trader=lambda *_: answer)))
    [told] = map(str, config.warnings)
    assert said in told
    assert "a defect of fussy 2" in told


def test_one_that_only_tells_is_worth_a_warning(fussy):
    def fails(*_):
        return 1 / 0

    odd = ExchangeKind(
        type="odd", config=Nothing, open=print, summary="", initial_balance_usd=fails
    )
    fussy.write("etc/exchange.yaml", "providers: {paper: {type: odd}}\n")
    registry = registry_with(kind(check_trader=fails), exchanges=[odd])
    told = sorted(map(str, fussy.load(registry=registry).warnings))
    assert [each.split(": ", 2)[2] for each in told] == [
        f"odd: initial_balance_usd {RAISED}",
        f"fussy: check_trader {RAISED}",
    ]


@pytest.mark.parametrize("word", ["taker_fee_bps", "timeout"])
def test_a_function_of_an_exchange_that_raises_is_told_once(fussy, word):
    bad = ExchangeKind(
        type="odd", config=Nothing, open=print, summary="", **{word: lambda _: 1 / 0}
    )
    fussy.write("etc/exchange.yaml", "providers: {paper: {type: odd}}\n")
    fussy.replace(
        "etc/manager.yaml",
        "  - id: one",
        "  - {id: two, model: dummy, allocation_pct: 1}\n  - id: one",
    )
    told = fussy.problems(registry=registry_with(kind(), exchanges=[bad]))
    assert told == f"etc/exchange.yaml:1: providers.paper: odd: {word} {RAISED}"


@pytest.mark.parametrize("answer", [4.5, "4.5", Decimal("NaN")])
@pytest.mark.parametrize("word", ["taker_fee_bps", "initial_balance_usd"])
def test_an_amount_must_be_one(fussy, word, answer):
    bad = ExchangeKind(
        type="odd", config=Nothing, open=print, summary="", **{word: lambda _: answer}
    )
    fussy.write("etc/exchange.yaml", "providers: {paper: {type: odd}}\n")
    registry = registry_with(kind(), exchanges=[bad])
    if word == "initial_balance_usd":
        [told] = map(str, fussy.load(registry=registry).warnings)
    else:
        told = fussy.problems(registry=registry)
    assert f"{word} answered" in told
    assert "no finite Decimal: a defect of fussy 2" in told
