"""Every error nof0 raises on purpose.

A class exists because some caller branches on it. Constructors take data and build the message;
the data stays readable as attributes, so nobody parses text. `nof0_core.cli` turns them into one
line for a person and an exit code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.ids import ClientOrderId


class Nof0Error(Exception):
    """Something went wrong that a person can act on; `str()` is the message for that person.

    `hints` are further lines, shown indented below the message. `exit_code` is what the command
    line ends with when the error reaches it.
    """

    exit_code = 1

    def __init__(self, message: str, *, hints: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.hints = tuple(hints)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors inside a group, or the one error."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def in_words(error: BaseException) -> str:
    """Describe an error in one line; nof0's own need no class name."""
    return str(error) if isinstance(error, Nof0Error) else f"{type(error).__name__}: {error}"


def each_in_words(error: BaseException) -> str:
    """Describe the errors inside a group, or the one error, in one line."""
    return "; ".join(map(in_words, leaves(error)))


# --- configuration and plugins -----------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Problem:
    """One thing wrong with the configuration, at one place.

    `line` counts from 1; 0 means the file as a whole. `path` is the dotted key path inside the
    file, empty for the file as a whole. `hints` are shown indented below. A problem never holds
    the value of a secret.
    """

    file: str
    line: int
    path: str
    message: str
    hints: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ConfigError(Nof0Error):
    """The configuration cannot be used; `problems` has all of them, in file and line order."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        files = len({p.file for p in self.problems})
        count = len(self.problems)
        lines = []
        for problem in self.problems:
            lines.append(str(problem))
            lines.extend(f"  {hint}" for hint in problem.hints)
        if count > 1:
            lines.append(f"{count} problems in {files} file{'s' if files > 1 else ''}")
        super().__init__("\n".join(lines))


class UsageError(Nof0Error):
    """The command was called in a way that cannot work (wrong option, directory in use, …)."""

    exit_code = 2


class PluginError(Nof0Error):
    """A plugin cannot be used: it does not import, or breaks the plugin contract.

    `faults` are the single errors where several were found at once, else empty.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        distribution: str = "",
        version: str = "",
        hints: Sequence[str] = (),
        faults: Sequence[PluginError] = (),
    ) -> None:
        super().__init__(message, hints=hints)
        self.distribution = distribution
        self.version = version
        self.faults = tuple(faults)


class DuplicateKindError(PluginError):
    """Two plugins offer the same `type` in the same family, or a companion of the same name."""


class UnknownKindError(PluginError):
    """A `type` was asked for that no installed plugin offers."""

    def __init__(
        self,
        message: str,
        *,
        family: str,
        type: str,  # noqa: A002 - the word users write in YAML
        known: Sequence[str],
        suggestion: str | None = None,
        hints: Sequence[str] = (),
    ) -> None:
        super().__init__(message, hints=hints)
        self.family = family
        self.type = type
        self.known = tuple(known)
        self.suggestion = suggestion


# --- providers ---------------------------------------------------------------------------------


class ProviderError(Nof0Error):
    """A market or exchange provider could not do what it was asked."""

    def __init__(self, message: str, *, section: str = "", hints: Sequence[str] = ()) -> None:
        super().__init__(message, hints=hints)
        self.section = section


class TransientError(ProviderError):
    """It did not happen and may work later; safe to try again after `retry_after`."""

    def __init__(
        self, message: str, *, section: str = "", retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message, section=section)
        self.retry_after = retry_after


class LeaseLostError(ProviderError):
    """Another process holds the lease: nothing of this one may have an effect any more."""


class DataError(ProviderError):
    """Market data is missing, unreadable or contradicts itself; the message says where."""


class EndOfDataError(ProviderError):
    """A recorded market has no data after the time it was asked for."""


class RejectedError(ProviderError):
    """The venue said no; trying again will not help. `text` is the venue's own wording."""

    def __init__(self, text: str, *, section: str = "") -> None:
        super().__init__(text, section=section)
        self.text = text


class OutcomeUnknownError(ProviderError):
    """The request may or may not have been carried out; ask by client order id, never resend."""

    def __init__(
        self, message: str, *, section: str = "", client_ids: Sequence[ClientOrderId] = ()
    ) -> None:
        super().__init__(message, section=section)
        self.client_ids = tuple(client_ids)


# --- models and prompts ------------------------------------------------------------------------


class LLMError(Nof0Error):
    """A model gave no usable answer."""


class ModelTimeoutError(LLMError):
    """A model did not answer in the time the cycle allows."""


class BudgetExceededError(LLMError):
    """A call could cost more than is left of a daily budget; nothing was sent.

    `scope` names the budget: `all`, `trader NAME` or `model NAME`. `tokens` and `usd` are the most
    the call could have taken, None where nobody reckoned it.
    """

    def __init__(
        self, message: str, *, scope: str, tokens: int | None = None, usd: Decimal | None = None
    ) -> None:
        super().__init__(message)
        self.scope = scope
        self.tokens = tokens
        self.usd = usd


class InvalidOutputError(LLMError):
    """The answer does not fit the decision contract.

    `reasons` lists why, `output` is the text, `thought` what the model wrote while thinking.
    """

    def __init__(self, reasons: Sequence[str], *, output: str = "", thought: str = "") -> None:
        super().__init__("unusable answer: " + "; ".join(reasons))
        self.reasons = tuple(reasons)
        self.output = output
        self.thought = thought


class TapeOverError(LLMError):
    """A recording that is played by the number of the cycle has no answer for this one.

    The cycle ends as `replay_miss`, nobody answers in the model's place, and the run goes on.
    """


class ReplayMissError(Nof0Error):
    """A replay was asked something that was not recorded; the run ends here.

    Not an `LLMError`: nobody may answer in the model's place, that would be another run.
    """


class PromptError(Nof0Error):
    """A prompt template cannot be used; the message has file and line."""

    exit_code = 2


# --- records -----------------------------------------------------------------------------------


class JournalError(Nof0Error):
    """The journal cannot be written, or what it holds cannot be trusted; says which record."""


class JournalFullError(JournalError):
    """The disk has no room for more of the journal; what is missing waits in memory."""


class CheckpointError(Nof0Error):
    """A checkpoint cannot be used; an older one, or the journal itself, takes its place."""


class DamagedDayError(JournalError):
    """A compressed day of the journal cannot be unpacked; `reason` says why, without its place."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}", hints=("`nof0 journal verify` lists all damage",))
        self.reason = reason


class UnbookableError(Nof0Error):
    """An event that cannot be true, or not be read back; nothing of it was written or changed."""
