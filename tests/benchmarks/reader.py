"""A model for benchmarks: reads its prompt, answers as text, enters now and then."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import attrs

from nof0_core import BackendKind, hookimpl
from nof0_core.config.fields import opt
from nof0_core.domain.model import Completion


@attrs.frozen(kw_only=True)
class ReaderConfig:
    """How often it enters."""

    every: int = opt(default=20, ge=0, help="one prompt in so many, by its length; 0: none")


class Reader:
    """Enters one coin now and then and otherwise holds."""

    def __init__(self, every: int) -> None:
        self._every = every

    async def complete(self, request):
        size = sum(len(message.content) for message in request.prompt.messages)
        context = request.context
        symbol = context.symbols[size % len(context.symbols)]
        answer = [{"signal": "hold", "symbol": symbol, "reasoning": f"read {size} characters"}]
        if self._every and size % self._every == 0:
            mark = float(context.snapshots[symbol].quote.mark)
            answer = [
                {
                    "signal": "buy_to_enter",
                    "symbol": symbol,
                    "leverage": 3,
                    "position_size_usd": 300,
                    "entry_price": mark,
                    "stop_loss": round(mark * 0.99, 4),
                    "take_profit": round(mark * 1.04, 4),
                    "risk_usd": 3,
                    "confidence": 90,
                    "invalidation_condition": "the stop",
                    "reasoning": "the size of the prompt",
                }
            ]
        return Completion(model=request.model.name, text=json.dumps(answer))


@asynccontextmanager
async def open_reader(config, env):
    yield Reader(config.every)


@hookimpl
def nof0_llm_backends():
    return [
        BackendKind(
            type="reader", config=ReaderConfig, open=open_reader, summary="Reads, for benchmarks"
        )
    ]
