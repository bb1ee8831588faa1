"""News of one account over the venue's websocket: they only make somebody look."""

from __future__ import annotations

import random
from collections.abc import Callable

from nof0_core.clock import Clock
from nof0_core.domain.health import Health
from nof0_core.plugins.env import Logger
from nof0_core.protocols.exchange import UpdateStream
from nof0_provider_hyperliquid.transport.budget import NetworkBudget


class UserStream:
    """Listens to orders, fills and funding of one user; `run` is the section's background task."""

    def __init__(
        self,
        *,
        base_url: str,
        user: str,
        dex: str,
        clock: Clock,
        rng: random.Random,
        log: Logger,
        budget: NetworkBudget,
        start: Callable[[], None],
    ) -> None:
        """Prepare; `start` is called once, when somebody first wants news, to have `run` run."""

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        raise NotImplementedError

    def updates(self) -> UpdateStream:
        """Open a stream of hints; it ends when the connection is lost."""
        raise NotImplementedError

    def health(self) -> tuple[Health, str]:
        """Say whether the stream tells what it should."""
        raise NotImplementedError

    def close(self) -> None:
        """End `run` and all streams."""
        raise NotImplementedError
