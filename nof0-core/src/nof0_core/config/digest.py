"""The digest of a configuration: equal for two runs that must come out the same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import attrs

from nof0_core.config.fields import info_of, written


def digest_of(values: Mapping[str, Any], directory: Path) -> str:
    """Return the SHA-256, in hex, over the canonical JSON of some values.

    Secrets are left out, and so is what a run does not depend on, and where a value stands in its
    file; paths count relative to `directory`, so that a copy of the project has the same digest.
    """
    text = json.dumps(_neutral(values, directory), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _neutral(value: Any, directory: Path) -> Any:
    if attrs.has(type(value)):
        return {
            field.name: _neutral(getattr(value, field.name), directory)
            for field in attrs.fields(type(value))
            if info_of(field).shaping and not info_of(field).secret
        }
    if isinstance(value, Mapping):
        return {str(key): _neutral(inner, directory) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [_neutral(item, directory) for item in items]
    return _word(value, directory)


def _word(value: Any, directory: Path) -> Any:
    if isinstance(value, Path):
        return Path(os.path.relpath(value, directory)).as_posix()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return written(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
