"""How variants are chosen: all of them, or by what earlier ones came to (TPE)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Protocol

from nof0_core.errors import UsageError
from nof0_core.sweep.space import Range, Space, Variant


class Search(Protocol):
    """Chooses variants, batch by batch."""

    def batches(self) -> Iterator[Sequence[Variant]]:
        """Yield what is to be run next; `tell` is called for each of it before the next."""

    def tell(self, variant: Variant, score: float | None) -> None:
        """Take in what a variant came to; more is better, None: it failed."""


class All:
    """Every variant, as one batch that is made while it is run."""

    def __init__(self, space: Space) -> None:
        self._space = space

    def batches(self) -> Iterator[Sequence[Variant]]:
        """Yield all variants."""
        yield Grid(self._space)

    def tell(self, variant: Variant, score: float | None) -> None:
        """Nothing follows from it."""


class Grid(Sequence[Variant]):
    """The variants of a grid, each made when it is asked for."""

    def __init__(self, space: Space) -> None:
        self._space = space

    def __len__(self) -> int:
        """Return how many there are."""
        return self._space.count

    def __getitem__(self, number: Any) -> Any:
        """Return one by its number."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self._space.variant(self._space.at(number))


class Tpe:
    """The Tree-structured Parzen Estimator of optuna: looks where good variants were.

    What is chosen follows from seed and scores alone, never from who ran what when.

    Raises:
        UsageError: optuna is not installed.
    """

    def __init__(self, space: Space, *, trials: int, batch: int, seed: int) -> None:
        try:
            import optuna
        except ImportError as error:
            message = "search: tpe needs the package optuna"
            raise UsageError(message, hints=('pip install "nof0-core[optuna]"',)) from error
        self._space, self._trials, self._batch = space, trials, batch
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(seed=seed % 2**32, constant_liar=True)
        self._study = optuna.create_study(sampler=sampler, direction="maximize")
        self._open: dict[int, tuple[Any, Variant]] = {}

    def batches(self) -> Iterator[Sequence[Variant]]:
        """Yield batch after batch, until all trials are made."""
        left = self._trials
        while left:
            count = min(left, self._batch)
            left -= count
            made = []
            for _ in range(count):
                trial = self._study.ask()
                variant = self._space.variant(tuple(self._asked(trial)))
                self._open[trial.number] = (trial, variant)
                made.append(variant)
            yield made

    def tell(self, variant: Variant, score: float | None) -> None:
        """Take in what a variant came to."""
        from optuna.trial import TrialState

        # Several trials of a batch may be the same variant.
        same = [number for number, (_, each) in self._open.items() if each.pick == variant.pick]
        for number in same:
            trial, _ = self._open.pop(number)
            if score is None:
                self._study.tell(trial, state=TrialState.FAIL)
            else:
                self._study.tell(trial, score)

    def _asked(self, trial: Any) -> Iterator[int | str]:
        for axis in self._space.axes:
            if axis.range is not None:
                yield _number(trial, axis.range)
            else:
                yield int(trial.suggest_categorical(axis.name, list(range(len(axis.choices)))))


def _number(trial: Any, one: Range) -> str:
    """Return a number of a range as a file has it."""
    if one.is_whole:
        low, high = int(one.low), int(one.high)
        step = {} if one.step is None else {"step": int(one.step)}
        return str(trial.suggest_int(one.path, low, high, log=one.is_log, **step))
    if one.step is not None:
        # Counted in steps, so that it is as exact as the file.
        at = trial.suggest_int(one.path, 0, int((one.high - one.low) // one.step))
        return str(one.low + one.step * at)
    found = trial.suggest_float(one.path, float(one.low), float(one.high), log=one.is_log)
    return str(Decimal(f"{found:.6g}"))
