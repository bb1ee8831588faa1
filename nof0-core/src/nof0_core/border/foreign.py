"""What foreign code raises, in errors of ours that say whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import attrs

from nof0_core.cancellation import is_cancellation, is_cancelled
from nof0_core.errors import (
    EndOfDataError,
    JournalError,
    Nof0Error,
    ProviderError,
    RejectedError,
    ReplayMissError,
    leaves,
)
from nof0_core.redaction import Redactor

LONGEST = 300
"""Letters of what one exception says that are passed on."""
ENDING: tuple[type[BaseException], ...] = (KeyboardInterrupt, GeneratorExit)
"""Exceptions that end the program, whoever raises them; any other is a failure of one call."""
DECISIVE = (EndOfDataError, ReplayMissError, JournalError)
"""Errors that end more than a call: one of them counts, whatever else is in its group."""


@attrs.frozen(kw_only=True)
class Origin:
    """Whose code is called, in the words of messages.

    `part` is family and section or type (`market grove`), `plugin` distribution and version, empty
    where nobody knows, `place` file and line of the YAML. `is_ours`: it belongs to this project,
    and changes nothing of what it is shown. `redact` takes secrets out of a text.
    """

    part: str
    plugin: str = ""
    place: str = ""
    is_ours: bool = attrs.field(default=False, eq=False, repr=False)
    redact: Callable[[str], str] = attrs.field(default=Redactor().text, eq=False, repr=False)

    def __str__(self) -> str:
        """Return all that is known."""
        return ", ".join(word for word in (self.part, self.plugin, self.place) if word)

    def at_fault(self, what: str) -> str:
        """Say of something that is wrong whose defect it is."""
        where = ", ".join(word for word in (self.part, self.place) if word)
        whose = f": a defect of {self.plugin} ({where})" if self.plugin else f" ({where})"
        return f"{self.redact(what)}{whose}"

    def raised(self, verb: str, error: BaseException) -> str:
        """Say that a call raised what it must not raise, what that was, and whose defect it is."""
        return self.at_fault(f"{verb} raised {causes(error, self.redact)}")

    def name(self, verb: str, error: Nof0Error) -> None:
        """Add to an error what was asked and of whom, once, and drop secrets; hints lose theirs.

        What a venue says and the end of a recording stay in their own words.
        """
        text = self.redact(str(error))
        error.hints = tuple(self.redact(str(hint)) for hint in error.hints)
        if isinstance(error, RejectedError):
            error.text = text
        elif self.plugin and isinstance(error, ProviderError):
            whose = f"({verb} of {self})"
            is_said = whose in text or f"a defect of {self.plugin}" in text
            if not isinstance(error, EndOfDataError) and not is_said:
                text = f"{text} {whose}"
        if text != str(error):
            error.args = (text,)


def causes(error: BaseException, redact: Callable[[str], str]) -> str:
    """Describe an exception, or each different one inside a group, in one line."""
    return "; ".join(dict.fromkeys(_in_words(leaf, redact) for leaf in leaves(error)))


def is_passing(error: BaseException) -> bool:
    """Tell whether an exception is somebody's wish to end, and no failure of what was called."""
    for leaf in leaves(error):
        if is_cancellation(leaf):
            if is_cancelled():
                return True
        elif isinstance(leaf, ENDING):
            return True
    return False


def reraise(
    error: BaseException,
    *,
    origin: Origin,
    verb: str,
    allowed: tuple[type[Nof0Error], ...],
    make: Callable[[str], Nof0Error],
) -> NoReturn:
    """Raise what came out of foreign code as an error its caller knows; called while handling it.

    Args:
        error: what came.
        origin: whose code it was.
        verb: what was asked.
        allowed: what may be raised there; it stays what it is, also alone in a group.
        make: makes of a sentence what everything else becomes.

    Raises:
        BaseException: Ctrl-C and a cancellation somebody wanted, as they are.
        Nof0Error: all else, SystemExit and a cancellation nobody wanted included.
    """
    if is_passing(error):
        raise error
    found = dict.fromkeys(leaves(error))
    decisive = next((leaf for leaf in found if isinstance(leaf, DECISIVE)), None)
    one = decisive or (next(iter(found)) if len(found) == 1 else None)
    if isinstance(one, allowed):
        origin.name(verb, one)
        raise one
    raise make(origin.raised(verb, error)) from error


def _in_words(error: BaseException, redact: Callable[[str], str]) -> str:
    if is_cancellation(error):
        return f"{type(error).__name__}, though nobody cancelled it"
    try:
        # A secret that has been cut or joined anew would not be known any more.
        text = " ".join(redact(str(error)).split())
    except Exception:  # noqa: BLE001 - a plugin's own __str__ can raise anything
        text = ""
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
