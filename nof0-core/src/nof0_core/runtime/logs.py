"""Where log lines go: all of them to a file, the important ones to the terminal."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog

from nof0_core.clock import wall_time
from nof0_core.config.model import LoggingConfig
from nof0_core.errors import each_in_words
from nof0_core.plugins.env import Logger
from nof0_core.redaction import READ, Redactor
from nof0_core.runtime.log_file import LogFile

if TYPE_CHECKING:
    from typing import TextIO


@contextmanager
def logging_to(
    path: Path,
    *,
    is_verbose: bool,
    echo: Callable[[str], object] | None = None,
    redactor: Redactor | None = None,
    settings: LoggingConfig | None = None,
) -> Iterator[Callable[[str], Logger]]:
    """Open the log file and yield a function that makes a logger for a part of the program.

    The file gets lines from the level of `settings` (debug if `is_verbose`) on, in their format,
    by default JSON from info on; `echo`, by default standard error, gets one plain line for those
    of them that are warnings and errors. What `redactor` takes out appears in neither. Several logs
    may be open at a time, and none touches how the process logs otherwise.

    A file that cannot be written stops nothing: `echo` is told once, and it is tried again with
    every line.
    """
    redactor = redactor or Redactor()
    echo = echo or (lambda line: sys.stderr.write(f"{line}\n"))
    settings = settings or LoggingConfig()
    is_json = settings.format == "json"
    level = logging.DEBUG if is_verbose else logging.getLevelName(settings.level.upper())
    limits = {"max_bytes": settings.max_bytes, "keep": settings.keep}
    with closing(LogFile(path, lambda line: echo(redactor.text(line)), **limits)) as file:
        # Everything is said here: structlog's own configuration belongs to the whole process.
        yield partial(
            _wrapped,
            structlog.WriteLogger(cast("TextIO", file)),
            [
                structlog.processors.add_log_level,
                _stamp,
                _Redacted(redactor),
                _Echo(echo),
                structlog.processors.JSONRenderer() if is_json else in_one_line,
            ],
            level,
        )


def silent(_: str) -> Logger:
    """Make a logger that says nothing, for a run that repeats another."""
    deaf = structlog.make_filtering_bound_logger(logging.CRITICAL)
    made: Logger = structlog.wrap_logger(None, wrapper_class=deaf)
    return made


def keep_trace(log: Logger, error: BaseException) -> None:
    """Write down where an error came from that ends the program; only the file has it."""
    trace = "".join(traceback.format_exception(error))
    log.info("ended with an error", error=each_in_words(error), trace=trace)


def _wrapped(
    sink: structlog.WriteLogger,
    processors: list[structlog.typing.Processor],
    level: int,
    name: str,
) -> Logger:
    made: Logger = structlog.wrap_logger(
        sink,
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        context_class=dict,
        cache_logger_on_first_use=True,
        part=name,
    )
    return made


def _stamp(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {"at": wall_time().isoformat(timespec="milliseconds"), **event}


def in_one_line(_: object, __: str, event: structlog.typing.EventDict) -> str:
    """Write a line for people: time, level, part, sentence, then `name=value`.

    Whatever stands in them, it stays one line: what is not plain is written as JSON text.
    """
    at, level, part = (event.pop(name, "") for name in ("at", "level", "part"))
    said = " ".join(str(event.pop("event", "")).splitlines())
    rest = [f"{name}={_shown(value)}" for name, value in event.items() if value is not None]
    return "  ".join([f"{at} {level:<7} {part}: {said}", *([" ".join(rest)] if rest else [])])


def _shown(value: object) -> str:
    text = str(value)
    is_plain = text.isprintable() and text and not set(text) & set(' "=')
    return text if is_plain else json.dumps(text, ensure_ascii=False)


class _Redacted:
    """Takes secrets out of everything a line holds, which is plain text and numbers afterwards."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(
        self, _: object, __: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        clean = {key: self._redactor.item(key, value) for key, value in event.items()}
        if trace := clean.get("trace"):
            clean["trace"] = READ.out_of_traceback(str(trace))
        return clean


class _Echo:
    """Shows warnings and errors to whoever sits at the terminal."""

    def __init__(self, show: Callable[[str], object]) -> None:
        self._show = show

    def __call__(
        self, _: object, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        if method in ("warning", "error", "critical"):
            known = {"event", "level", "at", "part", "code"}
            rest = {k: v for k, v in event.items() if k not in known and v is not None}
            tail = "  " + " ".join(f"{k}={v}" for k, v in rest.items()) if rest else ""
            self._show(f"{method}: {event['event']}{tail}")
        return event
