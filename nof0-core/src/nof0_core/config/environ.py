"""Environment variables in configuration: `${NAME}`, `${NAME:-default}` and the `.env` file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from nof0_core.config.model import Place
from nof0_core.config.tree import Problems
from nof0_core.files import in_words, read_text
from nof0_core.redaction import READ

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?\}", re.DOTALL)
_QUOTED = re.compile(r"""(['"])(.*?)\1(?:\s+#.*)?""")
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(\s*)(.*)")


class Environment:
    """The variables a configuration may use: the process's, then those of `.env`."""

    def __init__(self, process: Mapping[str, str], extra: Mapping[str, str]) -> None:
        self._values = {**extra, **process}

    def lookup(self, text: str) -> tuple[str, str | None] | None:
        """Resolve a scalar that is a reference as a whole.

        Returns:
            None if it is none; else the variable's name, empty where its default was taken, with
            the text to use, None where the variable does not exist and has no default. As in a
            shell, `:-` also replaces an empty value.
        """
        found = _REFERENCE.fullmatch(text)
        if not found:
            return None
        name, default = found[1], found[2]
        value = self._values.get(name)
        if default is not None and not value:
            return "", default
        if value:
            READ.add_variable(value)
        return name, value


def has_inner_reference(text: str) -> bool:
    """Return whether a text that is no reference as a whole has one inside."""
    return _REFERENCE.search(text) is not None


def read_dotenv(path: Path, shown: str, problems: Problems) -> dict[str, str]:
    """Read `NAME=value` lines; blank lines and lines that begin with # are left out.

    A value may stand in single or double quotes; nothing inside is expanded. ` #` begins a comment.
    A line that is none of this is a problem, named by its number only: it may hold a secret.
    """
    values: dict[str, str] = {}
    try:
        text = read_text(path)
    except FileNotFoundError:
        return values
    except OSError as error:
        problems.add(Place(file=shown, line=0, path=""), f"cannot be read: {in_words(error)}")
        return values
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        found = _LINE.fullmatch(stripped)
        if not found:
            problems.add(Place(file=shown, line=number, path=""), "is not NAME=value")
            continue
        value = _unquoted(found[3], is_apart=bool(found[2]))
        if value is None:
            problems.add(
                Place(file=shown, line=number, path=found[1]),
                "its quote is not closed, or something follows it",
            )
            continue
        values[found[1]] = value
    return values


def _unquoted(text: str, *, is_apart: bool) -> str | None:
    """Return a value without quotes and comment, None for quotes that do not fit together."""
    if text.startswith(("'", '"')):
        quoted = _QUOTED.fullmatch(text)
        return quoted[2] if quoted else None
    if is_apart and text.startswith("#"):
        return ""
    return text.split(" #", 1)[0].rstrip()
