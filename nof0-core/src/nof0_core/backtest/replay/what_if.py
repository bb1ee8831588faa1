"""What a trader would have been asked with another template."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs

from nof0_core.backtest.replay.asking import LACKING, Desk, Desks, book_of
from nof0_core.backtest.replay.case import Case, context_of
from nof0_core.backtest.replay.difference import Part, text_difference
from nof0_core.backtest.replay.outline import Outlines
from nof0_core.backtest.replay.replaying import Read
from nof0_core.backtest.replay.story import Story
from nof0_core.config.recorded import RecordedTrader
from nof0_core.domain.model import Prompt
from nof0_core.errors import JournalError, PromptError, UsageError
from nof0_core.files import in_words, read_text
from nof0_core.plugins.registry import PluginRegistry
from nof0_core.prompts import PromptBook
from nof0_core.prompts.figures import estimate

SYSTEM, USER = "system", "user"


@attrs.frozen(kw_only=True)
class Another:
    """A template file that takes the place of a trader's own.

    `role` says which of the two, `system` or `user`; empty: its name or its folder says it.
    """

    file: Path
    text: str
    role: str = ""

    @classmethod
    def read(cls, file: Path, role: str = "") -> Another:
        """Read one.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            return cls(file=file, text=read_text(file), role=role)
        except OSError as error:
            what = "there is no such template" if not file.exists() else in_words(error)
            message = f"{file}: {what}"
            raise UsageError(message) from error

    def role_for(self, trader: RecordedTrader) -> str:
        """Return whose place it takes.

        Raises:
            UsageError: nothing says so.
        """
        if self.role:
            return self.role
        names = {trader.system.file.name: SYSTEM, trader.user.file.name: USER}
        folders = {"manager": SYSTEM, "executor": USER}
        found = names.get(self.file.name) or folders.get(self.file.absolute().parent.name)
        if found is None or trader.system.file.name == trader.user.file.name:
            message = (
                f"whether {self.file} is the system or the user template of {trader.config.id} is "
                "not clear from its name"
            )
            raise UsageError(message, hints=("say so: --as system, or --as user",))
        return found


@attrs.frozen(kw_only=True, eq=False)
class Variant:
    """A cycle with the prompt it would have had; `lines` are a unified diff to the one it had."""

    case: Case
    desk: Desk
    prompt: Prompt
    lines: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """Return about how many tokens the prompt has."""
        return sum(estimate(message.content) for message in self.prompt.messages)


def newest(found: Outlines) -> Outlines:
    """Leave of each trader the newest cycle that was asked something."""
    last = {one.trader: one.seq for _, one in sorted(found.cycles.items()) if one.as_of}
    kept = {seq: one for seq, one in found.cycles.items() if seq == last.get(one.trader)}
    return attrs.evolve(found, cycles=kept)


def variants(
    read: Read, found: Outlines, registry: PluginRegistry, another: Another | None
) -> Iterator[Variant]:
    """Yield cycles with the prompts they would have had; None: those of their own templates.

    Raises:
        UsageError: the journal lacks what one goes by; says what.
        PromptError: the template cannot be rendered.
    """
    desks, story = Desks(registry), Story(found)
    try:
        for case in story.cases(read()):
            if case.missing:
                message = f"cycle {case.body.number} of {case.body.trader}: {case.missing}"
                raise UsageError(message)
            if case.is_asked and case.known is not None:
                yield _variant(case, desks.of(case.known, case.body.trader), another)
    except JournalError as error:
        raise UsageError(str(error), hints=error.hints) from error


def _variant(case: Case, desk: Desk, another: Another | None) -> Variant:
    assert case.known is not None  # noqa: S101 - asked before
    context = context_of(case, case.known, desk.trader)
    name = desk.trader.config.name
    prompt = _book(desk, another).render(context, trader_name=name)
    was = case.body.messages
    if was is None:
        # A rule read none; this is what it would have been.
        was = () if desk.lacks else desk.book.render(context, trader_name=name).messages
    lines = tuple(
        line
        for old, new in zip(was, prompt.messages, strict=False)
        for one in text_difference(Part.PROMPT, old.content, new.content, name=old.role)
        for line in one.lines
    )
    return Variant(case=case, desk=desk, prompt=prompt, lines=lines)


def _book(desk: Desk, another: Another | None) -> PromptBook:
    """Return the book with the other template in its place.

    Raises:
        UsageError: the journal lacks the template that stays.
        PromptError: the other one cannot be used; says where.
    """
    trader, texts = desk.trader, dict(desk.texts)
    if another is not None:
        own = trader.system if another.role_for(trader) == SYSTEM else trader.user
        texts.pop(own.file, None)
        put = attrs.evolve(own, file=another.file)
        is_system = own is trader.system
        trader = attrs.evolve(trader, system=put) if is_system else attrs.evolve(trader, user=put)
        texts[another.file] = another.text
    lacking = [str(one.file) for one in (trader.system, trader.user) if one.file not in texts]
    if lacking:
        message = f"the template {', '.join(lacking)} is not in the journal"
        raise UsageError(message, hints=(LACKING,))
    book = book_of(trader, texts)
    if another is not None and (problems := book.check()):
        raise PromptError("\n".join(map(str, problems)))
    return book
