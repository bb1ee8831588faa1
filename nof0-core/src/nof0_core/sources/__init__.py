"""The answers of the API, from where they lie: `DataSource`, over files and over a database.

`load_recording` reads the candles and funding rates of a database.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from nof0_core.sources.document import (
    Document,
    Row,
    SourceDownError,
    Stretch,
    UnknownModelError,
    deflate,
)
from nof0_core.sources.files import FileSource
from nof0_core.sources.place import DatabasePlace
from nof0_core.sources.protocol import DataSource, DocumentHealth, Export, SourceHealth, State

if TYPE_CHECKING:
    from nof0_core.sources.database import open_database
    from nof0_core.sources.recording import load_recording

_LATE = {
    "load_recording": "recording",
    "open_database": "database",
}
"""What needs the libraries of databases."""

__all__ = [
    "DataSource",
    "DatabasePlace",
    "Document",
    "DocumentHealth",
    "Export",
    "FileSource",
    "Row",
    "SourceDownError",
    "SourceHealth",
    "State",
    "Stretch",
    "UnknownModelError",
    "deflate",
    "load_recording",
    "open_database",
]


def __getattr__(name: str) -> object:
    """Import what was asked for on first use."""
    if name in _LATE:
        return getattr(importlib.import_module(f"nof0_core.sources.{_LATE[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
