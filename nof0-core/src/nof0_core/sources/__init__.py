"""The answers of the API, from where they lie: `DataSource`, and the one over files."""

from __future__ import annotations

from nof0_core.sources.document import (
    Document,
    Row,
    SourceDownError,
    Stretch,
    UnknownModelError,
    deflate,
)
from nof0_core.sources.files import FileSource
from nof0_core.sources.protocol import DataSource, DocumentHealth, Export, SourceHealth, State

__all__ = [
    "DataSource",
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
]
