"""What every process of a sweep makes its backtests from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from nof0_core.backtest.sources import code_of
from nof0_core.backtest.stage import Source
from nof0_core.config.loading import Reading
from nof0_core.config.model import Config, Place
from nof0_core.config.overriding import Override
from nof0_core.config.tree import Scalar
from nof0_core.plugins import load_plugins
from nof0_core.recordings.sharing import Shared, shared_recordings
from nof0_core.sweep.reading import Asked, read_sweep
from nof0_core.sweep.space import Pick, Variant

SHARED = "shared"


class Setting:
    """A sweep file with the configuration it varies, read once.

    Args:
        path: the sweep file.
        data_dir: what was given as `--data-dir`; None: as configured.

    Raises:
        ConfigError: the sweep file, or the main file of its configuration, cannot be used.
    """

    def __init__(self, path: Path, *, data_dir: Path | None = None) -> None:
        self.asked: Asked = read_sweep(path)
        self._data_dir = data_dir
        shown = Path(os.path.relpath(self.asked.file.config))
        self._newest: tuple[tuple[Pick, int | None], Config] | None = None
        self._reading = Reading(shown, load_plugins(), data_dir=data_dir)

    def config(self, variant: Variant, seed: int | None = None) -> Config:
        """Return the configuration of a variant.

        Raises:
            ConfigError: with all problems, each where its value stands.
        """
        if self._newest is not None and self._newest[0] == (variant.pick, seed):
            # Jobs of one variant follow each other, window after window.
            return self._newest[1]
        overrides = list(variant.overrides)
        if seed is not None:
            place = Place(file=self.asked.shown, line=0, path="seeds")
            node = Scalar(place=place, text=str(seed), kind="int")
            overrides.append(Override(path="Seed", node=node))
        config = self._reading.config(
            overrides, traders=self.asked.traders, directories=self.asked.directories
        )
        self._newest = (variant.pick, seed), config
        return config

    @cached_property
    def source(self) -> Source:
        """Where history comes from."""
        return Source(data=self.asked.file.data, gaps=self.asked.file.gaps)

    @cached_property
    def base(self) -> Config:
        """The configuration as it is, with the traders that take part."""
        return self._reading.config(traders=self.asked.traders, directories=self.asked.directories)

    @cached_property
    def folder(self) -> Path:
        """Where the sweep keeps everything."""
        return self.base.state_dir / "sweeps" / self.asked.name

    @cached_property
    def code(self) -> str:
        """The digest of everything that runs here."""
        return code_of(self.base)

    @cached_property
    def _looked_at(self) -> Shared:
        return Shared()

    @cached_property
    def _shared(self) -> Shared:
        return Shared(self.folder / SHARED)

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Let recordings that are opened inside be mapped from the sweep's folder."""
        with shared_recordings(self._shared):
            yield

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Let recordings that are opened inside be read once, and nothing be written."""
        with shared_recordings(self._looked_at):
            yield
