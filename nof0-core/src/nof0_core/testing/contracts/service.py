"""What holds for every service: it opens, closes soon and leaves nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import anyio
import attrs
import pytest

from nof0_core.border.findings import checked_findings, checked_sentences
from nof0_core.border.health import checked_figures, checked_health
from nof0_core.plugins.env import Env
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.protocols import with_figures, with_health
from nof0_core.testing.environment import env as make_env

CLOSE_WITHIN = timedelta(seconds=5)
"""How long closing may take; the runtime gives a service no longer either."""

LOOK_WITHIN = timedelta(seconds=20)
"""How long `check_online` may take; `nof0 check --online` gives it no longer either."""


@attrs.frozen(kw_only=True)
class Opener:
    """A kind with a config and the surroundings to open it in."""

    kind: ServiceKind[Any, Any]
    config: Any
    env: Env

    def open(self) -> AbstractAsyncContextManager[Any]:
        """Open the service."""
        return self.kind.open(self.config, self.env)


class ServiceContract:
    """Base of the suites for services; gives the fixtures `kind`, `config`, `env`, `opener`."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Run on asyncio, as the engine does."""
        return "asyncio"

    @pytest.fixture
    def kind(self) -> ServiceKind[Any, Any]:
        """Return the kind under test; every suite must override it."""
        message = "override the fixture `kind`: return the ServiceKind to be tested"
        raise NotImplementedError(message)

    @pytest.fixture
    def config(self, kind: ServiceKind[Any, Any]) -> Any:
        """Return the section's config: all defaults, unless overridden."""
        return kind.config()

    @pytest.fixture
    async def env(self) -> AsyncIterator[Env]:
        """Make the surroundings; override to change clock, markets or directory."""
        async with make_env() as made:
            yield made

    @pytest.fixture
    def opener(self, kind: ServiceKind[Any, Any], config: Any, env: Env) -> Opener:
        """Bring the three together."""
        return Opener(kind=kind, config=config, env=env)

    async def test_closes_in_time(self, opener: Opener) -> None:
        """Closing ends within five seconds, without being told to stop."""
        service = opener.open()
        await service.__aenter__()
        with anyio.move_on_after(CLOSE_WITHIN.total_seconds()) as scope:
            await service.__aexit__(None, None, None)
        assert not scope.cancelled_caught, f"closing took more than {CLOSE_WITHIN}"

    async def test_leaves_no_task_running(self, opener: Opener) -> None:
        """Every task that was started has ended when the service is closed."""
        before = {task.id for task in anyio.get_running_tasks()}
        async with opener.open():
            pass
        left = [t.name for t in anyio.get_running_tasks() if t.id not in before]
        assert not left, f"still running after close: {left}"

    async def test_opens_again_after_close(self, opener: Opener) -> None:
        """Closing gives back what opening took: locks, files, connections."""
        async with opener.open():
            pass
        async with opener.open() as service:
            assert service is not None

    async def test_health_is_a_word_and_a_sentence(self, opener: Opener) -> None:
        """HEALTH: what it says can be shown, at once and whenever it is asked."""
        async with opener.open() as service:
            asked = with_health(service)
            for _ in range(3):
                if asked is not None:
                    checked_health(asked.health())
                    await anyio.lowlevel.checkpoint()

    async def test_figures_are_names_and_numbers(self, opener: Opener) -> None:
        """FIGURES: what it tells can be shown, at once and whenever it is asked."""
        async with opener.open() as service:
            asked = with_figures(service)
            for _ in range(3):
                if asked is not None:
                    checked_figures(asked.figures())
                    await anyio.lowlevel.checkpoint()

    async def test_config_of_the_suite_is_valid(self, opener: Opener) -> None:
        """`validate`: it returns sentences, and finds nothing wrong with a config that works."""
        kind: ServiceKind[Any, Any] | None = getattr(opener, "kind", None)
        if kind is not None and kind.validate is not None:
            assert not checked_sentences(kind.validate(opener.config))

    async def test_looks_around_before_it_is_opened(self, opener: Opener) -> None:
        """`check_online`: it answers in time with findings, and leaves nothing behind."""
        kind: ServiceKind[Any, Any] | None = getattr(opener, "kind", None)
        if kind is None or kind.check_online is None:
            return
        before = {task.id for task in anyio.get_running_tasks()}
        with anyio.move_on_after(LOOK_WITHIN.total_seconds()) as scope:
            checked_findings(await kind.check_online(opener.config, opener.env))
        assert not scope.cancelled_caught, f"looking around took more than {LOOK_WITHIN}"
        left = [t.name for t in anyio.get_running_tasks() if t.id not in before]
        assert not left, f"still running after looking around: {left}"
