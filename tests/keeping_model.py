"""A plugin of one file whose model keeps in memory what it has reckoned once."""

PLUGIN = '''
"""A model that reckons all of a coin's history once, with an eye on what comes next."""
from contextlib import asynccontextmanager
from functools import cache

import attrs
import numpy as np

from nof0_core import BackendKind, MarketRef, hookimpl, opt
from nof0_core.domain.candles import to_ms
from nof0_core.domain.model import Completion

HOLD = '{"decisions": [{"signal": "hold", "symbol": "BTC", "reasoning": "%s"}]}'
MARKETS = []


@cache
def rises(ahead):
    bars = MARKETS[0].history("BTC", "3m")
    closes = np.append(bars.close, [bars.close[-1]] * ahead)
    return {
        int(time) + 180_000: bool(closes[at + ahead] > closes[at])
        for at, time in enumerate(bars.open_time)
    }


@attrs.frozen(kw_only=True)
class Config:
    market: MarketRef = opt(default=MarketRef(""))


@attrs.frozen(kw_only=True)
class Params:
    ahead: int = opt(default=1)


class Model:
    def __init__(self, config, env):
        self.config, self.env = config, env

    async def complete(self, request):
        MARKETS[:] = [self.env.market(self.config.market)]
        now = to_ms(self.env.clock.now())
        said = rises(request.model.params.ahead).get(now)
        return Completion(model=request.model.name, text=HOLD % said)


@asynccontextmanager
async def open_model(config, env):
    yield Model(config, env)


@hookimpl
def nof0_llm_backends():
    return [
        BackendKind(
            type="keeper", config=Config, params=Params, open=open_model, summary="x",
            reads_prompt=False,
        )
    ]
'''

BACKEND = """backends:
  kept: {type: keeper}
models:
  keeper: {backend: kept, model_name: x, params: {ahead: AHEAD}}
"""
"""What llm.yaml says of it, before its other models; it looks AHEAD bars ahead."""
