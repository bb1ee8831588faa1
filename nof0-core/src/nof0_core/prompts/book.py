"""The two templates of a trader, checked and rendered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from nof0_core.domain.candles import Interval
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import Message, Prompt
from nof0_core.errors import Problem, PromptError
from nof0_core.indicators.recipe import Wanted
from nof0_core.prompts.coins import CoinViews
from nof0_core.prompts.template import Source, read, render, shown
from nof0_core.prompts.variables import variables


class PromptBook:
    """System and user template of one trader.

    Files are read once, when they are first needed: a prompt never changes while the engine runs.
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
        """
        self._system = system
        self._user = user
        self._schema_version = schema_version
        self._indicators = indicators
        self._intervals = intervals
        self._coins = CoinViews.of(indicators or ()) if coins is None else coins

    def check(self) -> list[Problem]:
        """Find all that is wrong with both templates; empty if they can be used.

        Covers a missing file, a missing or wrong version, syntax errors, and names and attributes
        that do not exist, each with its line.
        """
        from nof0_core.prompts.sample import sample_contexts

        contexts = sample_contexts(indicators=self._indicators, intervals=self._intervals)
        samples = [variables(each, name="Sample", coins=self._coins) for each in contexts]
        problems: list[Problem] = []
        for path in dict.fromkeys((self._system, self._user)):
            problems.extend(self._check(path, samples))
        return problems

    def render(self, context: DecisionContext, *, trader_name: str) -> Prompt:
        """Render both messages for one decision.

        The digest is the SHA-256 of the JSON text `[["system","…"],["user","…"]]`, UTF-8, without
        blanks: the same messages have the same digest everywhere.

        Raises:
            PromptError: a template cannot be rendered; the message has file and line.
        """
        system, user = self._sources
        values = variables(context, name=trader_name, coins=self._coins)
        messages = (
            Message(role="system", content=render(system, values)),
            Message(role="user", content=render(user, values)),
        )
        return Prompt(messages=messages, digest=digest(messages), versions=self._versions)

    def sample_context(self) -> DecisionContext:
        """Return an invented but realistic context with the configured indicators."""
        from nof0_core.prompts.sample import sample_context

        return sample_context(indicators=self._indicators, intervals=self._intervals)

    @cached_property
    def _sources(self) -> tuple[Source, Source]:
        return read(self._system), read(self._user)

    @cached_property
    def _versions(self) -> Mapping[str, str]:
        return {source.key: source.version or "" for source in self._sources}

    def _check(self, path: Path, samples: Sequence[Mapping[str, Any]]) -> list[Problem]:
        from nof0_core.prompts.lint import lint

        file = shown(path)
        try:
            source = read(path)
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
            for line, message in lint(source, samples)
        )
        return problems


def digest(messages: Sequence[Message]) -> str:
    """Return the SHA-256 over roles and contents, in hex; see `PromptBook.render`."""
    text = msgspec.json.encode([[message.role, message.content] for message in messages])
    return hashlib.sha256(text).hexdigest()
