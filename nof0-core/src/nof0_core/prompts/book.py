"""The two templates of a trader, checked and rendered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from nof0_core.domain.candles import Interval
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.feedback import Feedback
from nof0_core.domain.model import Message, Prompt, digest_of
from nof0_core.errors import Problem, PromptError
from nof0_core.indicators.recipe import Wanted
from nof0_core.money import exactly
from nof0_core.prompts.coins import CoinViews
from nof0_core.prompts.figures import estimate
from nof0_core.prompts.limits import LimitViews
from nof0_core.prompts.template import Source, parsed, read, render, shown
from nof0_core.prompts.trimming import longest, newest, notice, without_past
from nof0_core.prompts.variables import variables


class PromptBook:
    """System and user template of one trader.

    Files whose text is not known are read once, when they are first needed: what a book renders
    never changes.
    """

    def __init__(
        self,
        system: Path,
        user: Path,
        schema_version: str | None = None,
        *,
        indicators: Sequence[Wanted] | None = None,
        intervals: Sequence[Interval] | None = None,
        coins: CoinViews | None = None,
        max_tokens: int | None = None,
        texts: Mapping[Path, str] | None = None,
    ) -> None:
        """Name the files; nothing is read yet.

        Args:
            system: template of the system message.
            user: template of the user message.
            schema_version: what the `Version:` of both must be; None: any.
            indicators: those configured, so that units are known and templates that read one by
                name can be checked; None: the default set.
            intervals: those configured, for the check; None: the default set.
            coins: shared by traders that look at the same market, so that each series is written
                out once for all of them; None: the book's own.
            max_tokens: most tokens both messages may have together, as `tokens.estimate` counts;
                beyond that the oldest bars are left out. None: no limit.
            texts: those of files that were read already, by file.
        """
        self._system = system
        self._user = user
        self._schema_version = schema_version
        self._indicators = indicators
        self._intervals = intervals
        self._coins = CoinViews.of(indicators or ()) if coins is None else coins
        self._max_tokens = max_tokens
        self._limits = LimitViews()
        self._known = texts or {}

    def lint(self) -> list[Problem]:
        """Find all that `check` finds, and what a model would not be told.

        The latter have a `path`, the name of the rule: `series`, `exit-plan`, `untrusted`,
        `contract` or `size`; see `nof0_core.prompts.rules`.
        """
        from nof0_core.prompts.rules import findings

        if problems := self.check():
            return problems
        system, user = self._sources
        texts = self._texts(self.sample_context(), "Sample")
        return [
            Problem(
                file=shown(each.source.path), line=each.line, path=each.rule, message=each.message
            )
            for each in findings(system, user, texts, self._max_tokens)
        ]

    @exactly
    def check(self) -> list[Problem]:
        """Find all that is wrong with both templates; empty if they can be used.

        Covers a missing file, a missing or wrong version, syntax errors, and names and attributes
        that do not exist, each with its line.
        """
        problems: list[Problem] = []
        for path in dict.fromkeys((self._system, self._user)):
            problems.extend(self._check(path))
        return problems

    def render(self, context: DecisionContext, *, trader_name: str) -> Prompt:
        """Render both messages for one decision.

        The digest is that of `nof0_core.domain.model.digest_of`.

        A prompt over the limit is rendered again with as many of the newest bars as fit, the same
        number in every series; where not even one does, the past is left out as well. `cut` and
        the first line of the user message say so. Limits, positions and the form of the answer are
        never left out.

        Raises:
            PromptError: a template cannot be rendered (the message has file and line), or the
                prompt is over its limit even with one bar.
        """
        texts, cut = self._texts(context, trader_name), ""
        if self._max_tokens is not None and not _fits(texts, self._max_tokens):
            texts, cut = self._trimmed(context, trader_name, self._max_tokens)
        messages = (
            Message(role="system", content=texts[0]),
            Message(role="user", content=texts[1]),
        )
        return Prompt(
            messages=messages, digest=digest_of(messages), versions=self._versions, cut=cut
        )

    @exactly
    def _texts(self, context: DecisionContext, name: str) -> tuple[str, str]:
        values = variables(context, name=name, coins=self._coins, limits=self._limits)
        system, user = self._sources
        return render(system, values), render(user, values)

    def _trimmed(
        self, context: DecisionContext, name: str, limit: int
    ) -> tuple[tuple[str, str], str]:
        """Render with the most bars that fit, and without the past where even one does not."""
        found = self._shortened(context, name, limit, has_past=True)
        if found is None and context.past != Feedback():
            found = self._shortened(without_past(context), name, limit, has_past=False)
        if found is None:
            message = f"the prompt has more than max_prompt_tokens ({limit}), also with one bar"
            raise PromptError(message)
        return found

    def _shortened(
        self, context: DecisionContext, name: str, limit: int, *, has_past: bool
    ) -> tuple[tuple[str, str], str] | None:
        """Find the most bars that fit by halving; None if not even one does."""
        have = longest(context)
        found: tuple[tuple[str, str], str] | None = None
        least, most = 1, have if not has_past else have - 1
        while least <= most:
            bars = (least + most) // 2
            cut = notice(bars, have, limit, has_past=has_past)
            system, user = self._texts(newest(context, bars), name)
            texts = system, f"{cut}\n{user}"
            if _fits(texts, limit):
                found, least = (texts, cut), bars + 1
            else:
                most = bars - 1
        return found

    def sample_tokens(self) -> int:
        """Return about how many tokens both messages have for the sample context, uncut."""
        return sum(map(estimate, self._texts(self.sample_context(), "Sample")))

    def with_template(self, path: Path) -> PromptBook:
        """Return a book with the same settings in which both templates are this file."""
        return PromptBook(
            path,
            path,
            self._schema_version,
            indicators=self._indicators,
            intervals=self._intervals,
            coins=self._coins,
        )

    def sample_context(self) -> DecisionContext:
        """Return an invented but realistic context with the configured indicators."""
        from nof0_core.prompts.sample import sample_context

        return sample_context(indicators=self._indicators, intervals=self._intervals)

    @cached_property
    def _sources(self) -> tuple[Source, Source]:
        return self._source(self._system), self._source(self._user)

    @cached_property
    def _versions(self) -> Mapping[str, str]:
        return {source.key: source.version or "" for source in self._sources}

    def _source(self, path: Path) -> Source:
        text = self._known.get(path)
        return read(path) if text is None else parsed(path, text)

    def _check(self, path: Path) -> list[Problem]:
        from nof0_core.prompts.checking import findings

        file = shown(path)
        try:
            source = self._source(path)
        except PromptError as error:
            message = str(error).removeprefix(f"{file}: ")
            return [Problem(file=file, line=0, path="", message=message)]
        problems = []
        wanted = self._schema_version
        if source.version is None:
            message = f"the first line must name the version: {{# Version: {wanted or 1} #}}"
            problems.append(Problem(file=file, line=1, path="", message=message))
        elif wanted is not None and source.version != wanted:
            message = f"version {source.version}, but prompt_schema_version is {wanted}"
            problems.append(Problem(file=file, line=1, path="", message=message))
        problems.extend(
            Problem(file=file, line=line, path="", message=message)
            for line, message in findings(source, self._indicators, self._intervals)
        )
        return problems


def _fits(texts: tuple[str, str], limit: int) -> bool:
    return sum(map(estimate, texts)) <= limit
