"""Going through a journal: every wanted cycle is done again, in the order in which they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import attrs

from nof0_core.backtest.replay.asking import Desks
from nof0_core.backtest.replay.outline import TYPES, Outlines, Selection, outlines
from nof0_core.backtest.replay.rerun import Rerun, rerun
from nof0_core.backtest.replay.rules import Rules
from nof0_core.backtest.replay.story import Story
from nof0_core.config.effective import Document
from nof0_core.errors import JournalError, UsageError
from nof0_core.plugins.registry import PluginRegistry

if TYPE_CHECKING:
    from nof0_core.journal import Record

Read = Callable[..., "Iterator[Record]"]
"""Reads the records of a journal, ascending: all, or with `types=` those of some."""


@attrs.define(kw_only=True)
class Tally:
    """What came of the cycles of one trader."""

    cycles: int = 0
    same: int = 0
    different: int = 0
    missing: int = 0
    unasked: int = 0
    prompts: int = 0
    rules: int = 0
    orders: int = 0
    unsent: int = 0
    unpriced: int = 0

    def add(self, one: Rerun) -> None:
        """Count a cycle."""
        self.cycles += 1
        self.prompts += one.has_prompt
        self.rules += one.has_rule
        self.orders += one.orders
        self.unsent += one.unsent
        self.unpriced += one.unpriced
        if one.missing:
            self.missing += 1
        elif not one.is_asked:
            self.unasked += 1
        elif one.differences:
            self.different += 1
        else:
            self.same += 1


@attrs.define(kw_only=True)
class Replayed:
    """What came of all: by trader, in the order in which they first ended a cycle.

    `held` cycles of rules have no market in the journal and are not done again. `changed` are the
    records that are not as they were written, a sentence each; `stopped` says why the journal could
    not be read to its end.
    """

    traders: dict[str, Tally] = attrs.field(factory=dict)
    held: int = 0
    changed: list[str] = attrs.field(factory=list)
    why_missing: Counter[str] = attrs.field(factory=Counter)
    stopped: str = ""
    hints: tuple[str, ...] = ()

    @property
    def cycles(self) -> int:
        """Return how many cycles were looked at."""
        return sum(one.cycles for one in self.traders.values())

    @property
    def different(self) -> int:
        """Return how many cycles differ."""
        return sum(one.different for one in self.traders.values())

    @property
    def missing(self) -> int:
        """Return how many cycles could not be done again."""
        return sum(one.missing for one in self.traders.values())


def find(read: Read, wanted: Selection) -> Outlines:
    """Look through a journal for the cycles that are wanted.

    Raises:
        UsageError: there are none, or the journal cannot be read.
    """
    try:
        found = outlines(read(types=TYPES), wanted)
    except JournalError as error:
        raise UsageError(str(error), hints=error.hints) from error
    if not found.cycles and not found.held:
        message = (
            "there is no such cycle in the journal"
            if wanted != Selection()
            else ("there is no cycle in the journal")
        )
        raise UsageError(message, hints=("`nof0 journal list --type cycle` lists them",))
    return found


async def replay(
    read: Read,
    found: Outlines,
    registry: PluginRegistry,
    *,
    present: Document | None = None,
    show: Callable[[Rerun], object] = lambda _: None,
) -> Replayed:
    """Do cycles again, each from what the journal tells up to it.

    Args:
        read: reads the journal.
        found: the cycles, as `find` gives them.
        registry: the plugins, of which risk checks and rules are used.
        present: the configuration as its files say it now, to name what was changed in a record.
        show: told of each cycle.
    """
    result, desks, story = Replayed(held=found.held), Desks(registry), Story(found, present)
    async with AsyncExitStack() as stack:
        rules = Rules(stack)
        try:
            for case in story.cases(read()):
                one = await rerun(case, desks, rules, story.integrity)
                result.traders.setdefault(one.trader, Tally()).add(one)
                if one.missing:
                    result.why_missing[one.missing] += 1
                    result.hints = tuple(dict.fromkeys((*result.hints, *one.hints)))
                show(one)
        except JournalError as error:
            result.stopped = str(error)
            result.hints = tuple(dict.fromkeys((*result.hints, *error.hints)))
    result.changed = [text for _, text in sorted(story.integrity.changed.items())]
    result.changed += story.integrity.templates.values()
    return result
