"""Whole answers. `serverTime` is in milliseconds since 1970 UTC, on the server's clock."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from nof0_api.schemas.analytics import Analytics
from nof0_api.schemas.rows import (
    AccountTotal,
    CandleSeries,
    Conversation,
    HeldPositions,
    LeaderboardRow,
    Price,
    SinceInceptionValue,
    Trade,
)
from nof0_api.schemas.status import Alert, EngineStatus, ServiceStatus, TraderStatus

State = Literal["ok", "empty", "stale", "down"]


class AccountTotals(Struct, kw_only=True, rename="camel"):
    """Accounts over time; `lastHourlyMarkerRead` is the highest hourly marker there is."""

    account_totals: list[AccountTotal]
    last_hourly_marker_read: int
    server_time: int


class AnalyticsList(Struct, kw_only=True, rename="camel"):
    """Analytics, one row per model."""

    analytics: list[Analytics]
    server_time: int


class CryptoPrices(Struct, kw_only=True, rename="camel"):
    """Prices by symbol."""

    prices: dict[str, Price]
    server_time: int


class Leaderboard(Struct, kw_only=True, rename="camel"):
    """The ranking, best return first, who is not ranked last."""

    leaderboard: list[LeaderboardRow]


class SinceInceptionValues(Struct, kw_only=True, rename="camel"):
    """What every account began with."""

    since_inception_values: list[SinceInceptionValue]
    server_time: int


class Trades(Struct, kw_only=True, rename="camel"):
    """Closed trades, newest exit first within a model."""

    trades: list[Trade]
    server_time: int


class Positions(Struct, kw_only=True, rename="camel"):
    """Open positions, one row per model."""

    account_totals: list[HeldPositions]
    server_time: int


class Conversations(Struct, kw_only=True, rename="camel"):
    """Decision cycles, newest first."""

    conversations: list[Conversation]
    server_time: int


class Candles(Struct, kw_only=True, rename="camel"):
    """Newest closed bars, a row per market section, coin and interval."""

    candles: list[CandleSeries]
    server_time: int


class Status(Struct, kw_only=True, rename="camel"):
    """How the engine is (null while none has run), its traders and services, newest alerts first.

    `exporters` has how many events each is behind.
    """

    engine: EngineStatus | None
    traders: list[TraderStatus]
    services: list[ServiceStatus]
    alerts: list[Alert]
    exporters: dict[str, int]
    server_time: int


class ExportEvent(Struct, kw_only=True):
    """Data of a server-sent event: number of an export, and when it was finished (s)."""

    export: int
    time: float | None


class DocumentState(Struct, kw_only=True):
    """How the data of one route is."""

    state: State
    age_seconds: float | None


class Health(Struct, kw_only=True):
    """How the data is.

    `status` is the worst of all documents: `ok`; `empty`, nothing was written yet; `stale`, some
    cannot be read now and the last good data stands; `down`, some cannot be read at all (HTTP 503).
    `data_age_seconds` is the age of the newest data, `export` the number of the newest export.
    `exporters` has how many events each exporter is behind, as this process knows it, else as the
    status says; `quarantine` why those in quarantine are there. `services` are those of the status.
    Null where nobody knows.
    """

    status: State
    source: str
    data_age_seconds: float | None
    documents: dict[str, DocumentState]
    export: int
    exporters: dict[str, int] | None
    services: list[ServiceStatus] | None
    quarantine: dict[str, str] | None
    serverTime: int  # noqa: N815 - called so in every answer


class Problem(Struct, kw_only=True):
    """Why a request was not answered (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
