"""A server on loopback that answers as a test says."""

import inspect

import pytest
from aiohttp import web

from nof0_core.testing.environment import Lines
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid.transport.budget import NetworkBudget
from nof0_provider_hyperliquid.transport.client import InfoClient, Patience


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Answers:
    """Answers `/info` with what stands in `script`, the last of them again and again."""

    def __init__(self):
        self.script = []
        self.asked = []

    async def handle(self, request):
        self.asked.append(await request.json())
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        made = answer(request)
        return await made if inspect.isawaitable(made) else made


@pytest.fixture
async def answers(anyio_backend):
    served = Answers()
    app = web.Application()
    app.router.add_post("/info", served.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


@pytest.fixture
async def surroundings(anyio_backend):
    async with make_env(log=Lines()) as made:
        yield made


@pytest.fixture
def budget(surroundings):
    return NetworkBudget("net", clock=surroundings.clock, alert=surroundings.alert)


@pytest.fixture
def client(answers, surroundings, budget):
    made = InfoClient(answers.url, budget=budget, patience=Patience(), env=surroundings)
    yield made
    made.close()
