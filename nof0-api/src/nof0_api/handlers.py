"""The routes as the web framework knows them: each asks the cache and knows no file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from nof0_api import routes
from nof0_api.answer_cache import AnswerCache, Query
from nof0_api.problems import MEDIA_TYPE
from nof0_api.replies import Reply
from nof0_api.schemas.answers import (
    AccountTotals,
    AnalyticsList,
    Candles,
    Conversations,
    CryptoPrices,
    Leaderboard,
    Positions,
    Problem,
    SinceInceptionValues,
    Status,
    Trades,
)

Limit = Annotated[
    int | None,
    Parameter(ge=1, le=routes.MOST_ROWS, required=False, description="at most so many rows"),
]
PerModel = Annotated[
    int | None,
    Parameter(
        ge=1, le=routes.MOST_ROWS, required=False, description="at most so many rows of each model"
    ),
]
Marker = Annotated[
    int | None,
    Parameter(
        gt=-1,  # a minimum of 0 would be left out of the document
        le=10_000_000,
        required=False,
        description="only rows whose hourly marker is this or more",
    ),
]
Points = Annotated[
    int | None,
    Parameter(
        ge=1,
        le=routes.MOST_ROWS,
        required=False,
        description="thin out to about so many hours of each model, evenly spaced",
    ),
]
Coin = Annotated[
    str, Parameter(max_length=100, required=False, description="only bars of this coin")
]
Decided = Annotated[
    int | None,
    Parameter(
        ge=1,
        le=500,
        required=False,
        description="the newest so many cycles of all with decisions, without messages",
    ),
]
Hours = Annotated[
    int | None,
    Parameter(
        ge=1,
        le=10_000,
        required=False,
        description="of each coin two bars only: the one so many hours before the newest, and that",
    ),
]
ModelId = Annotated[str, Parameter(min_length=1, max_length=500, description="a model's id")]


def refusal(meaning: str) -> ResponseSpec:
    """Describe a problem answer."""
    return ResponseSpec(
        data_container=Problem,
        media_type=MEDIA_TYPE,
        description=meaning,
        generate_examples=False,
    )


def _unchanged() -> ResponseSpec:
    return ResponseSpec(
        data_container=None,
        description="What If-None-Match names still holds",
        generate_examples=False,
    )


REFUSALS = {
    304: _unchanged(),
    400: refusal("A parameter or the path is wrong"),
    421: refusal("The Host header has a name that is not allowed"),
    503: refusal("The data cannot be read at the moment"),
}
_MODEL_REFUSALS = {**REFUSALS, 404: refusal("There is no such model")}
_DATA: dict[str, Any] = {"responses": REFUSALS, "tags": ["arena"], "raises": []}


@get(routes.ACCOUNT_TOTALS.path, summary="Accounts hour by hour", **_DATA)
async def account_totals(
    cache: NamedDependency[AnswerCache],
    lastHourlyMarker: Marker = None,  # noqa: N803 - its name in the query and in messages
    points: Points = None,
) -> Reply[AccountTotals]:
    """Answer rows of every account, one per elapsed hour and one for the growing hour."""
    question = Query(routes.ACCOUNT_TOTALS, number=lastHourlyMarker, points=points)
    return Reply((await cache.ready(question)).choose)


@get(routes.ANALYTICS.path, summary="Analytics of all models", **_DATA)
async def analytics(cache: NamedDependency[AnswerCache]) -> Reply[AnalyticsList]:
    """Answer the six tables of every model."""
    return Reply((await cache.ready(Query(routes.ANALYTICS))).choose)


@get(
    "/api/analytics/{model_id:str}",
    summary="Analytics of one model",
    responses=_MODEL_REFUSALS,
    tags=["arena"],
)
async def model_analytics(
    cache: NamedDependency[AnswerCache], model_id: ModelId
) -> Reply[AnalyticsList]:
    """Answer the six tables of one model, as a list of one."""
    return Reply((await cache.ready(Query(routes.MODEL_ANALYTICS, model=model_id))).choose)


@get(routes.CRYPTO_PRICES.path, summary="Newest prices", **_DATA)
async def crypto_prices(cache: NamedDependency[AnswerCache]) -> Reply[CryptoPrices]:
    """Answer the newest price of every coin."""
    return Reply((await cache.ready(Query(routes.CRYPTO_PRICES))).choose)


@get(routes.LEADERBOARD.path, summary="The ranking", **_DATA)
async def leaderboard(cache: NamedDependency[AnswerCache]) -> Reply[Leaderboard]:
    """Answer the ranking, best return first, who is not ranked last."""
    return Reply((await cache.ready(Query(routes.LEADERBOARD))).choose)


@get(routes.SINCE_INCEPTION.path, summary="What every account began with", **_DATA)
async def since_inception_values(
    cache: NamedDependency[AnswerCache],
) -> Reply[SinceInceptionValues]:
    """Answer initial capital, beginning and number of invocations of every account."""
    return Reply((await cache.ready(Query(routes.SINCE_INCEPTION))).choose)


@get(routes.TRADES.path, summary="Closed trades", **_DATA)
async def trades(cache: NamedDependency[AnswerCache], limit: PerModel = None) -> Reply[Trades]:
    """Answer closed trades, newest exit first within a model; 100 of each unless `limit` says."""
    return Reply((await cache.ready(Query(routes.TRADES, number=limit))).choose)


@get(routes.POSITIONS.path, summary="Open positions", **_DATA)
async def positions(cache: NamedDependency[AnswerCache], limit: Limit = None) -> Reply[Positions]:
    """Answer what every model holds; 1000 models unless `limit` says otherwise."""
    return Reply((await cache.ready(Query(routes.POSITIONS, number=limit))).choose)


@get(routes.CONVERSATIONS.path, summary="What models said", **_DATA)
async def conversations(
    cache: NamedDependency[AnswerCache], limit: PerModel = None, decided: Decided = None
) -> Reply[Conversations]:
    """Answer the newest decision cycles, newest first."""
    question = Query(routes.CONVERSATIONS, number=limit, excerpt=decided)
    return Reply((await cache.ready(question)).choose)


@get(routes.CANDLES.path, summary="Newest closed bars", **_DATA)
async def candles(
    cache: NamedDependency[AnswerCache], symbol: Coin = "", hours: Hours = None
) -> Reply[Candles]:
    """Answer the newest bars that traders were shown, of all coins or of one."""
    question = Query(routes.CANDLES, symbol=symbol, excerpt=hours)
    return Reply((await cache.ready(question)).choose)


@get(routes.STATUS.path, summary="How the engine is", responses=REFUSALS, tags=["operation"])
async def status(cache: NamedDependency[AnswerCache]) -> Reply[Status]:
    """Answer how the engine, its traders and its services are, with the newest alerts."""
    return Reply((await cache.ready(Query(routes.STATUS))).choose)


HANDLERS: Sequence[Any] = (
    account_totals,
    analytics,
    model_analytics,
    crypto_prices,
    leaderboard,
    since_inception_values,
    trades,
    positions,
    conversations,
    candles,
    status,
)
