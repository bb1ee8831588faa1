"""What must hold for what runs beside the engine."""

from __future__ import annotations

import shutil
from contextlib import AbstractAsyncContextManager
from importlib.resources import as_file, files
from pathlib import Path

import anyio
import attrs
import pytest

from nof0_core.plugins import load_plugins
from nof0_core.plugins.companion import Companion, CompanionEnv
from nof0_core.plugins.descriptor import companion_faults
from nof0_core.testing.contracts.service import ServiceContract
from nof0_core.testing.environment import Lines
from nof0_core.testing.heartbeat import unblocked


@attrs.frozen(kw_only=True)
class CompanionOpener:
    """A companion with what it is opened with; `said` is what it showed at the terminal."""

    companion: Companion
    env: CompanionEnv
    said: list[str]

    def open(self) -> AbstractAsyncContextManager[object]:
        """Open it, as `nof0 run --with NAME` does before the engine is there."""
        return self.companion.open(self.env)


class CompanionContract(ServiceContract):
    """Suite for `Companion`; override `companion`, and `configure` where it needs settings.

    It is opened beside the configuration that `nof0 init` writes, with an empty data directory.
    """

    @pytest.fixture
    def companion(self) -> Companion:
        """Return the companion under test; every suite must override it."""
        message = "override the fixture `companion`: return the Companion to be tested"
        raise NotImplementedError(message)

    def configure(self, directory: Path) -> Path:
        """Write the configuration into a directory and return its main file.

        Override it to change what `super().configure` wrote.
        """
        with as_file(files("nof0_core") / "starter") as starter:
            shutil.copytree(starter, directory, dirs_exist_ok=True)
        return directory / "etc" / "nof0.yaml"

    @pytest.fixture
    def opener(self, companion: Companion, tmp_path: Path) -> CompanionOpener:
        """Bring companion and surroundings together."""
        said: list[str] = []
        env = CompanionEnv(
            config_file=self.configure(tmp_path / "project"),
            data_dir=tmp_path / "data",
            catalog=load_plugins(),
            lag=lambda: {"json": 3},
            quarantine=dict,
            log=Lines(),
            say=said.append,
        )
        return CompanionOpener(companion=companion, env=env, said=said)

    def test_name_and_summary_can_be_listed(self, companion: Companion) -> None:
        """The name can be written after `--with`, the summary is one line for `nof0 plugins`."""
        faults = [str(fault) for fault in companion_faults(companion)]
        assert not faults, "; ".join(faults)
        assert companion.summary.strip(), "no summary"
        assert "\n" not in companion.summary, "the summary is more than a line"

    async def test_opens_again_after_close(self, opener: CompanionOpener) -> None:  # type: ignore[override]
        """Closing gives back what opening took: ports, locks, files."""
        for _ in range(2):
            async with opener.open():
                pass

    async def test_opens_before_there_is_anything_to_see(self, opener: CompanionOpener) -> None:
        """It is opened before the engine: there need not be a data directory, nor any lag."""
        empty = attrs.evolve(opener, env=attrs.evolve(opener.env, lag=dict))
        assert not opener.env.data_dir or not opener.env.data_dir.exists()
        async with empty.open():
            pass

    async def test_says_lines_of_text(self, opener: CompanionOpener) -> None:
        """What it shows at the terminal is text."""
        async with opener.open():
            pass
        strange = [line for line in opener.said if type(line) is not str]
        assert not strange, f"it said {strange[:3]}, which is no text"

    async def test_closes_when_the_run_is_cancelled(self, opener: CompanionOpener) -> None:
        """Ctrl-C ends the run by cancelling it; the companion is left all the same."""
        before = {task.id for task in anyio.get_running_tasks()}
        with anyio.CancelScope() as scope:
            async with opener.open():
                scope.cancel()
                await anyio.lowlevel.checkpoint()
        left = [t.name for t in anyio.get_running_tasks() if t.id not in before]
        assert not left, f"still running after a cancelled run: {left}"

    async def test_opening_and_closing_do_not_block_the_loop(self, opener: CompanionOpener) -> None:
        """The loop is for trading; what is slow has a thread of its own."""

        async def open_and_close() -> None:
            async with opener.open():
                pass

        await unblocked("opening and closing", open_and_close)
