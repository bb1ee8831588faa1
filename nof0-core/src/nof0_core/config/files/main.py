"""The main file, `etc/nof0.yaml`. Its keys are written in PascalCase."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import attrs

from nof0_core.config.fields import opt
from nof0_core.config.structure import Raw
from nof0_core.domain.quality import DEFAULT_GATES

ANY_ENV = "test | dev | prod"
"""How the description of the system writes "one of these words"; stands for not chosen: `dev`."""


@attrs.frozen(kw_only=True)
class FileRef:
    """Where another file is."""

    file: Path = opt(key="File", help="path, relative to this file")


@attrs.frozen(kw_only=True)
class PostgresBlock:
    """The database; without `DataSource` there is none."""

    data_source: str = opt(
        default="", key="DataSource", secret=True, help="postgresql://… or sqlite:///PATH"
    )
    max_open: int = opt(default=25, key="MaxOpen", ge=1, help="most connections")
    max_idle: int = opt(default=10, key="MaxIdle", ge=0, help="connections kept open")
    max_lifetime: timedelta = opt(
        default=timedelta(minutes=5), key="MaxLifetime", gt=timedelta(0), help="of a connection"
    )
    prepared_statements: bool = opt(
        default=True,
        key="PreparedStatements",
        help="false behind a pooler that hands out connections by transaction, such as PgBouncer",
    )
    lease: bool = opt(
        default=False,
        key="Lease",
        help="trade only while the database confirms that no other engine does; false: it may be "
        "away",
    )


@attrs.frozen(kw_only=True)
class CacheNode:
    """A Redis server; without `Host` there is none."""

    host: str = opt(default="", key="Host", help="host:port")
    kind: str = opt(
        default="node", key="Type", one_of=("node",), help="one server; clusters are not supported"
    )
    password: str = opt(default="", key="Pass", secret=True, help="password")
    tls: bool = opt(default=False, key="Tls", help="connect with TLS")
    prefix: str = opt(
        default="", key="Prefix", help="put before each key, where others use the server, too"
    )


@attrs.frozen(kw_only=True)
class TtlBlock:
    """How long answers may be cached, in seconds; 0: clients ask anew each time."""

    short: int = opt(default=10, key="Short", unit="s", ge=0, help="prices; 0: not at all")
    medium: int = opt(default=60, key="Medium", unit="s", ge=0, help="lists such as trades")
    long: int = opt(default=300, key="Long", unit="s", ge=0, help="aggregates such as analytics")


@attrs.frozen(kw_only=True)
class SlowBlock:
    """From when on an operation is logged as slow."""

    sql: int = opt(
        default=10_000, key="SQL", unit="ms", ge=0, help="a statement of `sql` exporters"
    )
    redis: int = opt(
        default=5_000, key="Redis", unit="ms", ge=0, help="an operation of `redis` exporters"
    )


@attrs.frozen(kw_only=True)
class LoggingBlock:
    """What is logged."""

    slow: SlowBlock = opt(factory=SlowBlock, key="SlowThreshold")
    verbose_sql: bool = opt(
        default=False, key="VerboseSQL", help="log every statement of `sql` exporters"
    )
    verbose_llm: bool = opt(default=False, key="VerboseLLM", help="log prompts and answers in full")
    level: str = opt(
        default="info",
        key="Level",
        one_of=("debug", "info", "warning", "error"),
        help="least important lines that nof0.log gets; `--verbose` is debug",
    )
    format: str = opt(
        default="json",
        key="Format",
        one_of=("json", "console"),
        help="lines of nof0.log: an object each, or plain text",
    )
    max_size: int = opt(
        default=100, key="MaxSize", unit="MB", ge=1, help="nof0.log is put aside when it is larger"
    )
    keep: int = opt(default=5, key="Keep", ge=0, help="files put aside that stay: nof0.log.1 …")


@attrs.frozen(kw_only=True)
class ClockBlock:
    """How time passes; without it the machine's clock counts."""

    speed: float | None = opt(
        default=None, key="Speed", gt=0, help="seconds that pass in one real second"
    )
    start: datetime | None = opt(
        default=None, key="Start", help="time a scaled or simulated clock starts at"
    )
    lockstep: bool = opt(
        default=False,
        key="Lockstep",
        help="time stands still while work is done, then jumps as fast as `Speed` shows it: the "
        "same run whatever the machine's load; false: time runs on",
    )


@attrs.frozen(kw_only=True)
class CorsBlock:
    """Which web sites may read the API from a browser."""

    allow_origins: tuple[str, ...] = opt(
        default=(), key="AllowOrigins", help='such as https://example.org; "*" allows every site'
    )


@attrs.frozen(kw_only=True)
class RankingBlock:
    """What a trader must have to be ranked among the others; 0 switches one off."""

    min_cycles: int = opt(
        default=DEFAULT_GATES.min_cycles,
        key="MinCycles",
        ge=0,
        help="cycles with a usable answer; 0: any",
    )
    min_usable_pct: Decimal = opt(
        default=DEFAULT_GATES.min_usable_pct,
        key="MinUsablePct",
        unit="%",
        ge=0,
        le=100,
        help="usable answers in percent of the cycles in which its model was asked; 0: any",
    )
    min_age: timedelta = opt(
        default=DEFAULT_GATES.min_age,
        key="MinAge",
        ge=timedelta(0),
        help="engine time since its first capital; 0s: any",
    )


@attrs.frozen(kw_only=True)
class MainFile:
    """Everything in the main file."""

    name: str = opt(default="nof0", key="Name", help="name of this installation")
    env: str = opt(
        default="dev",
        key="Env",
        one_of=("test", "dev", "prod"),
        help="prod is needed to trade with real money; part of the digest, changes nothing else",
    )
    host: str = opt(default="127.0.0.1", key="Host", help="address the API listens on")
    allow_hosts: tuple[str, ...] = opt(
        default=(),
        key="AllowHosts",
        help='names the API may be called by, beside addresses, localhost and Host; "*": all',
    )
    port: int = opt(default=8888, key="Port", ge=1, le=65535, help="port the API listens on")
    data_path: Path | None = opt(
        default=None, key="DataPath", help="where the API's files go; default: data directory/api"
    )
    postgres: PostgresBlock = opt(factory=PostgresBlock, key="Postgres")
    cache: tuple[CacheNode, ...] = opt(default=(), key="Cache")
    ttl: TtlBlock = opt(factory=TtlBlock, key="TTL")
    logging: LoggingBlock = opt(factory=LoggingBlock, key="Logging")
    llm: FileRef = opt(key="LLM")
    executor: FileRef = opt(key="Executor")
    manager: FileRef = opt(key="Manager")
    exchange: FileRef = opt(key="Exchange")
    market: FileRef = opt(key="Market")
    clock: ClockBlock = opt(factory=ClockBlock, key="Clock")
    ranking: RankingBlock = opt(factory=RankingBlock, key="Ranking")
    seed: int = opt(default=0, key="Seed", ge=0, help="seed of every random generator")
    exporters: tuple[Raw, ...] = opt(default=(), key="Exporters", help="list of `type:` sections")
    plugins: tuple[Path, ...] = opt(default=(), key="Plugins", help="Python files of one's own")
    cors: CorsBlock = opt(factory=CorsBlock, key="Cors")
