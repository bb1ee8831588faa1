"""What a service may use of the program that opens it, and nothing more."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NewType, Protocol

import attrs

from nof0_core.redaction import Redactor

if TYPE_CHECKING:
    # The command line imports this module to list plugins; numpy must not come with it.
    from nof0_core.clock import Clock
    from nof0_core.domain.model import ModelSpec, Usage
    from nof0_core.domain.restored import RestoredAccount
    from nof0_core.ids import Symbol, TraderId
    from nof0_core.protocols.llm import Budget, LLMBackend, Reservation
    from nof0_core.protocols.market import MarketProvider

MarketRef = NewType("MarketRef", str)
"""Type of a config field that names a section of market.yaml.

The runtime opens that section first; a name that does not exist is a configuration problem with its
line. Leave the field empty (default `MarketRef("")`) to mean the default section.
"""

BackendRef = NewType("BackendRef", str)
"""Type of a config field that names a backend: a section under `backends` in llm.yaml, or a kind.

The runtime opens it first and `Env.backend` returns it. Unknown names and circles are configuration
problems.
"""

ModelRef = NewType("ModelRef", str)
"""Type of a field in a backend's `params` that names an entry of `models` in llm.yaml.

`Env.model` returns the entry; what answers for it is `Env.backend(BackendRef(entry.backend))`. That
may be opened later than the section that asks, so look it up when it is needed. Unknown names and
circles are configuration problems.
"""


def _no_backend(ref: BackendRef) -> LLMBackend:
    message = f"no backend {ref} was opened for this section"
    raise LookupError(message)


def _no_model(ref: ModelRef) -> ModelSpec:
    message = f"there is no model {ref} for this section"
    raise LookupError(message)


def _no_lease() -> int:
    return 0


def _no_end() -> None:
    return None


class Logger(Protocol):
    """The part of a structlog logger that plugins may rely on."""

    def debug(self, event: str, **values: object) -> object:
        """Log something only a developer wants to see."""

    def info(self, event: str, **values: object) -> object:
        """Log something normal."""

    def warning(self, event: str, **values: object) -> object:
        """Log something that may need attention."""

    def error(self, event: str, **values: object) -> object:
        """Log a failure."""


class Unlimited:
    """The budget of surroundings that set none."""

    async def hold(self, trader: TraderId, model: ModelSpec, worst: Usage) -> Reservation:  # noqa: ARG002 - protocol
        """Hold nothing."""
        return self

    def book(self, trader: TraderId, model: ModelSpec, usage: Usage) -> None:
        """Book nothing."""

    def settle(self, usage: Usage) -> None:
        """Book nothing."""

    def release(self) -> None:
        """Give nothing back."""


class Tasks(Protocol):
    """Background tasks of one service, which nof0 watches.

    One that ends is done. One that fails, however it does, is told and started again: after 1 s,
    then twice as long up to 60 s, of real time, or of the engine's where that stands still while
    work is done. Until then the service is degraded. All are cancelled when the service is closed,
    before its own clean-up; what they clean up then gets a second.
    """

    def start(self, name: str, func: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Start a task; `func` is called for it, and again whenever it has failed.

        Args:
            name: tells it from the service's other tasks, for messages; up to 40 letters.
            func: makes the coroutine.

        Raises:
            ValueError: the name is empty, too long, or that of a task that goes on.
            RuntimeError: the service is closed, or nobody watches tasks here.
        """


class NoTasks:
    """The tasks of surroundings in which there can be none."""

    def start(self, name: str, func: Callable[[], Coroutine[Any, Any, object]]) -> None:  # noqa: ARG002 - protocol
        """Refuse.

        Raises:
            RuntimeError: always.
        """
        message = f"nobody watches a background task here: {name}"
        raise RuntimeError(message)


def _to_the_log(env: Env) -> Callable[[str, str], None]:
    """Make the alert of surroundings without an engine."""

    def alert(code: str, text: str) -> None:
        env.log.warning(text, code=code)

    return alert


@attrs.frozen(kw_only=True)
class Env:
    """Handed to every `open`.

    `section` is the section's name in YAML. `rng` is seeded from the configuration's seed and the
    section name. `data_dir` is a directory of the section's own, which is not there before the
    service makes it. `market(ref)` returns the opened provider of a market section.
    `shared(key, open)` returns one resource for all sections that ask with an equal key; the
    runtime closes it. `redact(text)` returns a text without the secrets of the configuration and
    what looks like a key: for all that is written.
    `backend(ref)` and `model(ref)` return what a backend's settings refer to.
    `budget` is what a backend asks before each call that costs money.

    `tasks` runs what goes on in the background, see `Tasks`. `alert(code, text)` tells a person
    something: a log line, and an event in the journal under the code `plugin_<code>`. `code` is a
    stable word (lower case, digits, `_`), of the text 200 letters are kept, without secrets; the
    same code is told once an hour. Where time stands still while work is done, alerts of exporters
    and of background tasks are in the log alone: when they come is up to the machine.

    `models` are the entries of llm.yaml a backend answers for, `symbols` the coins that are traded
    on a market or an exchange; both empty for other families.

    `restored` is for venues that keep their accounts in `data_dir`: what the journal knows of the
    account, once, after the journal was put back from a database; what is in `data_dir` is of
    another time then. None at any other start.

    `lease()` is the number of the lease the engine holds, which only grows from holder to holder; 0
    for none. Storage that keeps the highest it has seen can refuse an engine that was taken over.
    `lease_until()` is until when it is held (UTC, by the clock of the database), None where there
    is none that has to be held: what a provider sends, cancels included, should mean nothing later
    where the other side knows such a time. Orders have it in `expires_at` already.

    `is_lasting` says that a later start goes on with what is in `data_dir`. A backtest begins anew
    each time: whatever is kept for a restart need not be written in it.
    """

    section: str
    clock: Clock
    rng: random.Random
    data_dir: Path
    log: Logger
    market: Callable[[MarketRef], MarketProvider]
    shared: Callable[
        [Hashable, Callable[[], AbstractAsyncContextManager[object]]], Awaitable[object]
    ]
    redact: Callable[[str], str] = Redactor().text
    backend: Callable[[BackendRef], LLMBackend] = _no_backend
    model: Callable[[ModelRef], ModelSpec] = _no_model
    budget: Budget = attrs.field(factory=Unlimited)
    tasks: Tasks = attrs.field(factory=NoTasks)
    alert: Callable[[str, str], None] = attrs.field(
        default=attrs.Factory(_to_the_log, takes_self=True)
    )
    models: Sequence[ModelSpec] = ()
    symbols: Sequence[Symbol] = ()
    restored: RestoredAccount | None = None
    lease: Callable[[], int] = _no_lease
    lease_until: Callable[[], datetime | None] = _no_end
    is_lasting: bool = True
