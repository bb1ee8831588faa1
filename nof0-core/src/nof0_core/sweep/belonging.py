"""What results belong to: configuration, prompts, code, data. Others are refused, never mixed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from nof0_core.backtest.window import Window
from nof0_core.errors import UsageError
from nof0_core.sweep.store import Store

_SHOWN = 3
"""Keys that are named where many differ."""

Manifest = dict[str, Any]


def hold_against(store: Store, wanted: Manifest) -> None:
    """Refuse results of something else; else let what is wanted be what they belong to.

    Prompts and windows that are new are no difference: their results come beside the others.

    Raises:
        UsageError: saying what differs, and what to do.
        StoreError: it cannot be written down.
    """
    kept = store.manifest
    if kept is not None:
        found = list(_differences(kept, wanted))
        if found:
            message = f"{store.folder} has results of another sweep: {'; '.join(found)}"
            hints = (
                "--fresh puts them aside (they still count as trials) and begins anew",
                "or give this sweep another `name`, or undo what was changed",
            )
            raise UsageError(message, hints=hints)
        for part in ("prompts", "data"):
            wanted = {**wanted, part: {**kept[part], **wanted[part]}}
    store.keep_manifest(wanted)


def period(window: Window) -> str:
    """Return the key of a window's data in a manifest: both moments in ISO format."""
    return f"{window.start.isoformat()}/{window.end.isoformat()}"


def looked_at(store: Store) -> list[Window]:
    """Return the windows whose data results that are there belong to."""
    kept = store.manifest
    return [] if kept is None else [_window(name) for name in kept["data"]]


def _window(name: str) -> Window:
    start, _, end = name.partition("/")
    return Window(datetime.fromisoformat(start), datetime.fromisoformat(end))


def put_aside(folder: Path) -> Path | None:
    """Move the results of a sweep beside its folder; None where there are none."""
    if not (folder / "sweep.json").exists():
        return None
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    os.rename(folder, aside)  # noqa: PTH104 - nothing may be at the new place
    return aside


def _differences(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    if kept["document"] != wanted["document"]:
        keys = sorted(_differing(kept["document"], wanted["document"], ""))
        more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
        yield f"the configuration differs in {', '.join(keys[:_SHOWN])}{more}"
    for name in sorted(set(kept["prompts"]) & set(wanted["prompts"])):
        if kept["prompts"][name] != wanted["prompts"][name]:
            yield f"the text of {name} has changed"
    for name in sorted(set(kept["data"]) & set(wanted["data"])):
        if kept["data"][name] != wanted["data"][name]:
            yield f"the data from {_window(name)} differ"
    if kept["code"] != wanted["code"]:
        yield "nof0 or a plugin has other code"


def _differing(one: Any, other: Any, path: str) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {*one, *other}:
            inner = f"{path}.{key}" if path else str(key)
            yield from _differing(one.get(key), other.get(key), inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (first, second) in enumerate(zip(one, other, strict=True)):
            name = first.get("id", number) if isinstance(first, Mapping) else number
            yield from _differing(first, second, f"{path}.{name}")
    elif one != other:
        yield path
