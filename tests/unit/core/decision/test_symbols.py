"""A coin written in other letters than the venue's is still that coin, where there is no doubt."""

from __future__ import annotations

import attrs
import pytest

from nof0_core.answers.parsing import Answer, parse
from nof0_core.answers.symbols import named
from nof0_core.domain.decision import Decision, Signal
from nof0_core.protocols.llm import CallLog
from nof0_core.testing.samples import holding

pytestmark = pytest.mark.anyio


def close(symbol):
    return Decision(signal=Signal.CLOSE, symbol=symbol)


@pytest.mark.parametrize(
    ("coins", "said", "meant"),
    [
        pytest.param(("BTC", "ETH"), "btc", "BTC", id="lower case"),
        pytest.param(("BTC", "ETH"), "Eth", "ETH", id="mixed case"),
        pytest.param(("kPEPE", "BTC"), "KPEPE", "kPEPE", id="the venue's own mixed case"),
        pytest.param(("kPEPE", "KPEPE"), "KPEPE", "KPEPE", id="an exact match comes first"),
        pytest.param(("kPEPE", "KPEPE"), "kpepe", "kpepe", id="two it could be"),
        pytest.param(("BTC",), "BTC-USD", "BTC-USD", id="another name"),
        pytest.param(("BTC",), "sol", "sol", id="no such coin"),
        pytest.param(("kPEPE",), "\u212aPEPE", "\u212aPEPE", id="a Kelvin sign is no k"),
        pytest.param(("BTC", "BTC"), "btc", "BTC", id="named twice, one coin"),
    ],
)
async def test_a_name_means_the_one_coin_that_differs_in_case_alone(context, coins, said, meant):
    answer = Answer(elements=(close(said),))
    assert named(answer, attrs.evolve(context(), symbols=coins)).elements == (close(meant),)


async def test_a_coin_the_trader_holds_but_no_longer_trades_can_be_closed_too(context):
    held = context(holdings=(holding("SOL"),))
    assert named(Answer(elements=(close("sol"),)), held).elements == (close("SOL"),)


async def test_what_could_not_be_read_stays_as_it_is(context):
    answer = parse('[{"signal": "what", "symbol": "btc"}, {"signal": "close", "symbol": "eth"}]')
    done = named(answer, context())
    assert done.elements[0] is answer.elements[0]
    assert done.decisions == (close("ETH"),)


async def test_the_journal_has_the_coin_in_the_judgement_and_the_word_in_the_answer(
    maker, context, now
):
    text = '[{"signal": "close", "symbol": "btc"}, {"signal": "close", "symbol": "BTC"}]'
    made, _ = maker(text)
    done = await made.decide(context(), now, CallLog())
    assert done.completion.text == text
    assert [j.decision.symbol for j in done.judgements] == ["BTC", "BTC"]
    assert [j.verdicts[0].code for j in done.judgements] == ["no_position", "no_position"]
