"""Taking secrets out of text that is kept or shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote

MARK = "[redacted]"
REMEMBERED = 2_000
"""So many texts of at most `SHORT` letters without anything secret are known again."""
SHORT = 200
SHORTEST = 4
"""A known secret of fewer characters is left alone: it would stand in half of all words."""

LONG = 16
"""Of a known secret of several lines, each line of at least so many letters is one, too.

So long a secret is in no name by chance.
"""

_NAMES = r"(?:(?:api|private|secret|access)[_-]?key|secret|password|passwd|authorization)"
_OURS = r"(?:required key|environment variable|expected|unknown key)\b[ ]"
"""How a message about a setting goes on after the name of the setting, which is no secret."""
_SECRET_NAME = re.compile(rf"(?:.*[_.-])?{_NAMES}", re.IGNORECASE)


class _Guess(NamedTuple):
    """What a key looks like, and what is put in its place.

    A text without any of the `signs` cannot match. They are compared with the text as `casefold`
    gives it, which treats every letter alike that the pattern does, and looking for them is many
    times faster than trying the pattern.
    """

    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    mark: str = MARK


_GUESSES = (
    # What services hand out: a known beginning, then a long run of letters and digits.
    _Guess(
        ("sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "xai", "ghp", "gho", "pat-", "pat_", "xox"),
        re.compile(
            r"\b(?:sk|pk|rk|xai|gsk|ghp|gho|glpat|github_pat|xox[abprs])[-_][A-Za-z0-9_-]{16,}"
        ),
    ),
    _Guess(("aiza", "akia"), re.compile(r"\bAIza[A-Za-z0-9_-]{30,}|\bAKIA[A-Z0-9]{16}\b")),
    # JSON web tokens, and private keys of wallets (an order id has half as many digits). The first
    # part of a token is enough: a pattern that asked for all three would be slow on long text.
    _Guess(("eyj",), re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+){0,2}")),
    _Guess(("0x",), re.compile(r"\b0x[0-9a-fA-F]{64}\b")),
    # By what stands before it: a header, an address with a password, a name with a value.
    _Guess(("bearer",), re.compile(r"(?<=\bBearer )[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)),
    _Guess(("://",), re.compile(r"(?<=://)[^\s/@\"'<>:]*:[^\s/@\"'<>]+(?=@)")),
    _Guess(
        ("key", "secret", "passw", "author"),
        re.compile(
            rf"({_NAMES}[\"'\\]*\s*[=:]\s*[\"'\\]*)(?!Bearer\b|\[redacted\]|{_OURS})([^\s\"'\\,;&}}]{{6,}})",
            re.IGNORECASE,
        ),
        rf"\1{MARK}",
    ),
)


class Redactor:
    """Replaces known secrets, and what looks like a key, by `[redacted]`.

    Known secrets are found as they are, as JSON, Python and an address write them, and by their
    lines. What looks like a key is a guess on the safe side: text may lose a word that was none.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Take the values that must not appear anywhere."""
        forms = {
            form
            for secret in secrets
            if len(secret) >= SHORTEST
            for form in (secret, *_written(secret), *_long_lines(secret))
        }
        # The longest first: one secret may be the beginning of another.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        long = [form for form in ordered if len(form) >= LONG]
        self._long = re.compile("|".join(map(re.escape, long))) if long else None
        # What is secret to a redactor never changes, so what was harmless stays so.
        self._harmless: set[str] = set()

    def holds_secret(self, text: str) -> bool:
        """Tell whether a known secret of at least 16 letters is in a text; nothing is guessed."""
        return self._long is not None and self._long.search(text) is not None

    def known(self, text: str) -> str:
        """Return the text without known secrets of at least 16 letters; nothing is guessed."""
        return text if self._long is None else self._long.sub(MARK, text)

    def text(self, text: str) -> str:
        """Return the text without secrets, as UTF-8 can write it."""
        is_short = type(text) is str and len(text) <= SHORT
        if is_short and text in self._harmless:
            return text
        cleaned = self._without_secrets(text)
        if is_short and cleaned == text:
            if len(self._harmless) >= REMEMBERED:
                self._harmless.clear()
            self._harmless.add(text)
        return cleaned

    def _without_secrets(self, text: str) -> str:
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        if self._known is not None:
            text = self._known.sub(MARK, text)
        folded = text.casefold()
        for signs, pattern, mark in _GUESSES:
            for sign in signs:
                if sign in folded:
                    text = pattern.sub(mark, text)
                    break
        return text

    def value(self, value: object) -> object:
        """Return a value as log lines hold it, without secrets.

        Mappings, lists and tuples keep their shape, numbers and None stay; anything else becomes
        text.
        """
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self.text(str(k)): self.item(str(k), inner) for k, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        return self.text(str(value))

    def item(self, key: str, value: object) -> object:
        """Return a value that stands under a key; under one such as `api_key` none is kept."""
        return MARK if value and _SECRET_NAME.fullmatch(key) else self.value(value)


class ReadValues:
    """The secrets this process has read, and what else came from environment variables.

    One for the process: an error is shown when what knew them has ended. In a sentence the value of
    a variable has its place; in a traceback nobody knows what stands where, so there none is shown.
    """

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._values: set[str] = set()
        self._redactor: Redactor | None = None
        self.secrets_read = 0
        """How often secrets were read; what was found harmless before has to be looked at anew."""

    def add_secrets(self, texts: Iterable[str]) -> None:
        """Remember values of secret settings."""
        self._secrets.update(texts)
        self.secrets_read += 1
        self._redactor = None

    def add_variable(self, text: str) -> None:
        """Remember the value of an environment variable."""
        self._values.add(text)

    def out_of_sentence(self, text: str) -> str:
        """Return a text without secrets and without what looks like a key."""
        return self._of_secrets().text(text)

    def is_in(self, name: str) -> bool:
        """Tell whether a name that is kept as it is has a secret in it."""
        return self._of_secrets().holds_secret(name)

    def out_of_traceback(self, text: str) -> str:
        """Return a traceback without secrets, values of variables and what looks like a key."""
        return Redactor(self._secrets | self._values).text(text)

    def _of_secrets(self) -> Redactor:
        if self._redactor is None:
            self._redactor = Redactor(self._secrets)
        return self._redactor


READ = ReadValues()


def _written(secret: str) -> tuple[str, ...]:
    """Return how JSON, Python and an address write a secret."""
    return json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe="")


def _long_lines(secret: str) -> list[str]:
    lines = secret.splitlines()
    return [line for line in lines if len(line) >= LONG] if len(lines) > 1 else []
