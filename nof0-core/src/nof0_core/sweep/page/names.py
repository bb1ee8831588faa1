"""Short names of what is varied, and the order of its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nof0_core.config.duration import parse_duration


def short_names(columns: Sequence[str]) -> Mapping[str, str]:
    """Return for each column as much of its end as tells it from the others."""
    found: dict[str, str] = {}
    for name in columns:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            short = ".".join(parts[-count:])
            if not any(other != name and f".{other}".endswith(f".{short}") for other in columns):
                break
        found[name] = short
    return found


def told(labels: Iterable[tuple[str, str]], names: Mapping[str, str]) -> str:
    """Write what a variant has, without what is not set in it."""
    parts = [
        value if name in {"model", "prompt", "trader"} else f"{names.get(name, name)}={value}"
        for name, value in labels
        if value
    ]
    return ", ".join(parts) or "as configured"


def ordered(values: Iterable[str]) -> list[str]:
    """Sort numbers and durations by size, before words."""

    def key(text: str) -> tuple[int, float, str]:
        try:
            return 0, float(text), text
        except ValueError:
            pass
        try:
            return 1, parse_duration(text).total_seconds(), text
        except ValueError:
            return 2, 0.0, text

    return sorted(values, key=key)
