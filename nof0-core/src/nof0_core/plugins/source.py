"""Where in a plugin's source something stands, as far as Python knows."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from pathlib import Path

from nof0_core.plugins.catalog import LoadedPlugin


def defined_at(function: Callable[..., object], plugin: LoadedPlugin) -> str:
    """Return file and line of a function as ` (acme_nof0/plugin.py:12)`, empty if unknown."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return _written(function, plugin, code.co_firstlineno) if code is not None else ""


def raised_at(error: BaseException, function: Callable[..., object], plugin: LoadedPlugin) -> str:
    """Return the last line of a function's file that an error came through, as `defined_at`."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    line = line_in(error, code.co_filename) if code is not None else None
    return _written(function, plugin, line) if line else defined_at(function, plugin)


def line_in(error: BaseException, file: str) -> int | None:
    """Return the last line of a file that an error came through, None if it was not there."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    return lines[-1] if lines else None


def _written(function: Callable[..., object], plugin: LoadedPlugin, line: int) -> str:
    plain = inspect.unwrap(function)
    file = Path(plain.__code__.co_filename)
    if plugin.is_file:
        return f" ({plugin.module}:{line})"
    # A path inside the package says enough, and is the same on every machine.
    depth = (plain.__module__ or "").count(".") + (2 if file.name == "__init__.py" else 1)
    return f" ({'/'.join(file.parts[-depth:])}:{line})"
