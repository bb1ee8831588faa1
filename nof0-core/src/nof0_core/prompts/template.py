"""Template files: header, version, compiled form."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import attrs

from nof0_core.errors import PromptError
from nof0_core.files import in_words, read_text
from nof0_core.prompts.effort import TooMuchError
from nof0_core.prompts.sandbox import run, sandbox

if TYPE_CHECKING:
    from jinja2 import Template

_HEADER = re.compile(r"\{#-?\s*(?P<fields>.*?)\s*-?#\}\s*")
_FIELD = re.compile(r"(?P<key>\w+)\s*:\s*(?P<value>[^;,]+?)\s*(?:[;,]|$)")


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Source:
    """A template file as it was read.

    `key` names it in records: the path from its `prompts` directory on, else the file's name.
    `version` and `name` come from the header in the first line, `{# Version: 1, Name: calm #}`;
    None where it says nothing.
    """

    path: Path
    key: str
    text: str
    version: str | None
    name: str | None

    @cached_property
    def template(self) -> Template:
        """The compiled template.

        Raises:
            jinja2.TemplateSyntaxError: with the line.
        """
        return _compiled(self.text, self.key, str(self.path))


def read(path: Path) -> Source:
    """Read a template file.

    Raises:
        PromptError: it is missing, or no file of UTF-8 text.
    """
    try:
        text = read_text(path)
    except FileNotFoundError as error:
        raise PromptError(f"{shown(path)}: there is no such template") from error  # noqa: EM102
    except OSError as error:
        raise PromptError(f"{shown(path)}: cannot be read: {in_words(error)}") from error  # noqa: EM102
    return parsed(path, text)


def parsed(path: Path, text: str) -> Source:
    """Return a template of which the text is known already."""
    fields = _header(text)
    return Source(
        path=path,
        key=_key(path),
        text=text,
        version=fields.get("version"),
        name=fields.get("name"),
    )


@functools.lru_cache(maxsize=64)
def _compiled(text: str, key: str, file: str) -> Template:
    """Compile a template; traders that use the same one share it."""
    environment = sandbox()
    code = environment.compile(text, name=key, filename=file)
    template: Template = environment.template_class.from_code(
        environment, code, environment.make_globals(None)
    )
    return template


def render(source: Source, values: Mapping[str, Any]) -> str:
    """Render a template.

    Raises:
        PromptError: with file and line, and what cannot be rendered there.
    """
    from jinja2 import TemplateSyntaxError

    try:
        return run(source.template, values)
    except TemplateSyntaxError as error:
        message = f"{shown(source.path)}:{error.lineno}: {error.message}"
        raise PromptError(message) from error
    # Whatever a template's own expressions raise is the template's fault.
    except Exception as error:
        line = failing_line(source, error)
        place = f"{shown(source.path)}:{line}" if line else shown(source.path)
        raise PromptError(f"{place}: {reason(error)}") from error  # noqa: EM102


def reason(error: Exception) -> str:
    """Say what went wrong while rendering, in words for the template's author."""
    if isinstance(error, TooMuchError) or type(error).__module__.startswith("jinja2"):
        return str(error)
    return f"{type(error).__name__}: {error}"


def failing_line(source: Source, error: Exception) -> int:
    """Return the template line an exception came from, 0 if it is not known."""
    line, step = 0, error.__traceback__
    while isinstance(step, TracebackType):
        if step.tb_frame.f_code.co_filename == str(source.path):
            line = step.tb_lineno
        step = step.tb_next
    return line


def shown(path: Path) -> str:
    """Write a path as a person would: relative to the working directory if it is below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _header(text: str) -> Mapping[str, str]:
    found = _HEADER.fullmatch(text.partition("\n")[0])
    if not found:
        return {}
    return {f["key"].lower(): f["value"] for f in _FIELD.finditer(found["fields"])}


def _key(path: Path) -> str:
    parts = path.parts
    if "prompts" in parts:
        at = len(parts) - 1 - parts[::-1].index("prompts")
        return "/".join(parts[at:])
    return path.name
