"""The windows of a sweep: those that were written, or the steps of a walk forward."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from nof0_core.backtest.running import plan
from nof0_core.backtest.window import Window
from nof0_core.config.model import Config, Place
from nof0_core.config.tree import problem
from nof0_core.errors import ConfigError, Problem, UsageError
from nof0_core.sweep.setting import Setting
from nof0_core.sweep.walk_forward import Fold, folds


@attrs.frozen(kw_only=True)
class Windows:
    """`plain` are windows on which every variant runs; `folds`, where there are any, stand instead.

    `all` are those of both, each once.
    """

    plain: tuple[Window, ...] = ()
    folds: tuple[Fold, ...] = ()

    @property
    def all(self) -> Sequence[Window]:
        """Return every window something runs on."""
        both = [*self.plain, *(w for one in self.folds for w in (one.train, one.test))]
        return tuple(dict.fromkeys(both))


def windows_of(setting: Setting, config: Config) -> Windows:
    """Return the windows of a sweep, each of which there is history for.

    Raises:
        ConfigError: of some there is none; each is told where it stands.
        UsageError: nothing tells from when to when there is history.
        DataError: the files of a recording cannot be used.
    """
    asked = setting.asked
    problems: list[Problem] = []
    if asked.walk is not None:
        entry, place = asked.walk
        start, end = entry.start, entry.end
        if start is None or end is None:
            whole = _window(setting, config, start, end, place, problems)
            start, end = (start or whole.start, end or whole.end) if whole else (None, None)
        found: list[Fold] = []
        if start is not None and end is not None:
            step = entry.step or entry.test
            found = list(folds(start, end, train=entry.train, test=entry.test, step=step))
            if not found:
                told = f"train and test do not fit between {start:%Y-%m-%d} and {end:%Y-%m-%d}"
                problems.append(problem(place, told))
            for one in found[:1] + found[-1:]:
                _window(setting, config, one.train.start, one.test.end, place, problems)
        made = Windows(folds=tuple(found))
    elif asked.windows:
        plain = [
            _window(setting, config, entry.start, entry.end, place, problems)
            for entry, place in asked.windows
        ]
        made = Windows(plain=tuple(dict.fromkeys(one for one in plain if one is not None)))
    else:
        place = Place(file=asked.shown, line=0, path="windows")
        whole = _window(setting, config, None, None, place, problems)
        made = Windows(plain=(whole,) if whole is not None else ())
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return made


def _window(
    setting: Setting,
    config: Config,
    start: datetime | None,
    end: datetime | None,
    place: Place,
    problems: list[Problem],
) -> Window | None:
    """Return a window a backtest can run over; None, with the reason noted, if it cannot."""
    try:
        with setting.looking():
            return plan(config, start=start, end=end, source=setting.source).window
    except UsageError as error:
        problems.append(problem(place, str(error), *error.hints))
    return None
