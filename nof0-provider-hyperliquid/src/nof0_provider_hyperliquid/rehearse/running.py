"""One rehearsal from its first step to its verdict."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import attrs

from nof0_core.clock import wall_time
from nof0_core.errors import ProviderError
from nof0_core.project import Config
from nof0_provider_hyperliquid.rehearse.engine_process import engine_process
from nof0_provider_hyperliquid.rehearse.episodes import Episode, episodes
from nof0_provider_hyperliquid.rehearse.local_venue import local_venue
from nof0_provider_hyperliquid.rehearse.opposed import bare
from nof0_provider_hyperliquid.rehearse.plan import RHYTHM, RehearsalPlan, make_account
from nof0_provider_hyperliquid.rehearse.scene import Scene
from nof0_provider_hyperliquid.rehearse.staging import coins_of, rehearsed_sections
from nof0_provider_hyperliquid.rehearse.steps import STEPS, Step, StepResult

WITHIN = 285.0
"""Seconds of real time of all steps together."""
GRACE = timedelta(seconds=3)
"""What a close takes, beyond the time a position may stand without a stop."""


@attrs.frozen(kw_only=True)
class RehearsalResult:
    """What came of a rehearsal; durations in milliseconds.

    `longest_bare_ms` leaves out what had no stop because traders held opposite sides of a coin.
    `allowed_ms` is how long a position may be without a stop, None where no trader protects its
    own. `requests` is how often each type of request was sent, `most_weight` the most weight of
    them within a minute. `folder` has the log and the journal.
    """

    digest: str
    began: datetime
    steps: tuple[StepResult, ...]
    episodes: tuple[Episode, ...]
    longest_bare_ms: int
    allowed_ms: int | None
    duplicates: int
    requests: Mapping[str, int]
    most_weight: int
    folder: Path

    @property
    def is_bare_too_long(self) -> bool:
        """Tell whether a position was without a stop for longer than it may."""
        return self.allowed_ms is not None and self.longest_bare_ms > self.allowed_ms

    @property
    def is_passed(self) -> bool:
        """Tell whether all was as it must be."""
        return (
            all(step.is_passed for step in self.steps)
            and not self.is_bare_too_long
            and not self.duplicates
        )


async def run_rehearsal(
    config: Config,
    config_file: Path,
    *,
    variables: dict[str, str],
    folder: Path | None = None,
    steps: Sequence[Step] | None = None,
    rhythm: timedelta | None = None,
    within: float = WITHIN,
    told: Callable[[StepResult], object] = lambda _: None,
) -> RehearsalResult:
    """Rehearse a configuration, and say what came of it.

    Args:
        config: the configuration.
        config_file: CONFIG, its main file.
        variables: for environment variables that are not set.
        folder: where the engine keeps its data; None: a new one of its own.
        steps: what goes wrong; None: all of `STEPS`.
        rhythm: how often traders decide; None: `RHYTHM`.
        within: seconds of real time after which what has not been is not passed.
        told: told of each step when it is over.

    Raises:
        UsageError: there is nothing to rehearse.
    """
    sections = rehearsed_sections(config)
    steps = STEPS if steps is None else steps
    folder = folder or Path(tempfile.mkdtemp(prefix="nof0-rehearsal-"))
    folder.mkdir(parents=True, exist_ok=True)
    accounts = {
        name: make_account(has_vault=bool(section.vault_address))
        for name, section in sections.items()
    }
    coins = coins_of(config, sections)
    began, results = wall_time(), list[StepResult]()
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(
            local_venue(coins, accounts, config.total_equity_usd, config.seed)
        )
        plan = RehearsalPlan(
            config_file=config_file,
            data_dir=folder,
            base_url=venue.base_url,
            accounts=accounts,
            variables=variables,
            rhythm=rhythm or RHYTHM,
        )
        engine = await stack.enter_async_context(engine_process(plan))
        limits = [
            trader.stop_deadline
            for trader in config.traders
            if trader.exchange in sections and trader.limits.stop_loss_enabled
        ]
        scene = Scene(
            venue=venue,
            engine=engine,
            plan=plan,
            users=tuple(account.traded for account in accounts.values()),
            has_stops=bool(limits),
        )
        with anyio.move_on_after(within):
            await engine.start()
            await _take(scene, steps, results, told)
        for step in steps[len(results) :]:
            results.append(
                StepResult(
                    name=step.name, is_passed=False, said="it did not come to that", seconds=0
                )
            )
            told(results[-1])
        now_ms = venue.now_ms()
        return RehearsalResult(
            digest=config.digest,
            began=began,
            steps=tuple(results),
            episodes=tuple(episodes(scene.accounts, venue.coverage, now_ms)),
            longest_bare_ms=max(
                (e.until_ms - e.since_ms for e in bare(scene.accounts, venue.coverage, now_ms)),
                default=0,
            ),
            allowed_ms=(max(limits) + GRACE) // timedelta(milliseconds=1) if limits else None,
            duplicates=len(venue.audit.duplicates),
            requests=dict(venue.audit.by_type()),
            most_weight=venue.audit.most_weight,
            folder=folder,
        )


async def _take(
    scene: Scene,
    steps: Sequence[Step],
    results: list[StepResult],
    told: Callable[[StepResult], object],
) -> None:
    for step in steps:
        try:
            result = await step.take(scene)
        except ProviderError as error:
            result = StepResult(name=step.name, is_passed=False, said=str(error), seconds=0)
        results.append(result)
        told(result)
        if not result.is_passed and result.seconds == 0:
            return
