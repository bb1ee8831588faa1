"""One backtest of a sweep."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import attrs

from nof0_core.backtest.window import Window
from nof0_core.sweep.space import Pick, Variant


@attrs.frozen(kw_only=True)
class Job:
    """A variant on a window with a seed (None: the configured one).

    `fold` is the number of a pair of windows of a walk forward, counted from 1, and `is_test` tells
    that what was chosen on the first of them is judged on the second. Both are 0 and False without.
    """

    pick: Pick
    labels: tuple[tuple[str, str], ...]
    window: Window
    seed: int | None
    fold: int = 0
    is_test: bool = False

    @property
    def key(self) -> str:
        """Return what tells it from all others, in hex: values, window and seed."""
        text = json.dumps([self.labels, *_times(self.window), self.seed])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def where(self) -> str:
        """Say on what it ran, for a person."""
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"{self.window}{seed}"

    def order(self) -> dict[str, Any]:
        """Return it as a worker is told it, in what JSON has."""
        return {"key": self.key, "pick": list(self.pick), "window": _times(self.window),
                "seed": self.seed}  # fmt: skip


def job_of(
    variant: Variant, window: Window, seed: int | None, *, fold: int = 0, is_test: bool = False
) -> Job:
    """Return the job of a variant."""
    return Job(
        pick=variant.pick,
        labels=variant.labels,
        window=window,
        seed=seed,
        fold=fold,
        is_test=is_test,
    )


def _times(window: Window) -> list[str]:
    return [window.start.isoformat(), window.end.isoformat()]
