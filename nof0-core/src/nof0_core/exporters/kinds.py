"""The exporters core brings along."""

from __future__ import annotations

from typing import Any

from nof0_core.exporters.json_files import JsonConfig, open_json
from nof0_core.exporters.redis.config import RedisConfig
from nof0_core.exporters.redis.exporter import open_redis
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.exporters.sql.exporter import open_sql
from nof0_core.exporters.textfile import PrometheusConfig, open_prometheus
from nof0_core.exporters.webhook import WebhookConfig, open_webhook
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.protocols import Exporter

EXPORTERS: tuple[ServiceKind[Any, Exporter], ...] = (
    ServiceKind(
        type="json",
        config=JsonConfig,
        open=open_json,
        summary="the API's JSON files in DataPath",
    ),
    ServiceKind(
        type="prometheus",
        config=PrometheusConfig,
        open=open_prometheus,
        summary="a text file with metrics for the node exporter",
    ),
    ServiceKind(
        type="redis",
        config=RedisConfig,
        open=open_redis,
        summary="what is known at this moment, in a Redis server",
    ),
    ServiceKind(
        type="sql",
        config=SqlConfig,
        open=open_sql,
        summary="the journal and tables made of it, in PostgreSQL or SQLite",
    ),
    ServiceKind(
        type="webhook",
        config=WebhookConfig,
        open=open_webhook,
        summary="alerts to an http(s) address, Telegram, Discord, Slack or ntfy",
    ),
)
