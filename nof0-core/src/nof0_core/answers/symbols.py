"""Which of the trader's coins a model means."""

from __future__ import annotations

from collections.abc import Collection

import attrs

from nof0_core.answers.parsing import Answer
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision, Judgement
from nof0_core.ids import Symbol


def named(answer: Answer, context: DecisionContext) -> Answer:
    """Return an answer whose decisions name coins as the venue does: `btc` is BTC.

    A name that is one of the trader's coins (those it trades or holds) is left alone. One that
    differs from exactly one of them in upper and lower case alone means that coin; kPEPE and KPEPE
    may both be there. Any other stays as it was said, for the risk gate to refuse.
    """
    coins = dict.fromkeys((*context.symbols, *(h.symbol for h in context.account.holdings)))
    elements = tuple(
        [
            element if isinstance(element, Judgement) else _named(element, coins)
            for element in answer.elements
        ]
    )
    return Answer(elements=elements, chain_of_thought=answer.chain_of_thought)


def _named(decision: Decision, coins: Collection[Symbol]) -> Decision:
    said = decision.symbol
    # Other letters have small and capital forms that cross alphabets: the Kelvin sign becomes a k.
    if said in coins or not said.isascii():
        return decision
    alike = [coin for coin in coins if coin.lower() == said.lower()]
    return attrs.evolve(decision, symbol=alike[0]) if len(alike) == 1 else decision
