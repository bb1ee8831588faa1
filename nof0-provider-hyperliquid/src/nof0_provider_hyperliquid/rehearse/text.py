"""A rehearsal in words, in at most 80 columns, and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from nof0_core.config.fields import written
from nof0_core.money import plain
from nof0_core.project import Config
from nof0_provider_hyperliquid.rehearse.episodes import Episode
from nof0_provider_hyperliquid.rehearse.plan import RHYTHM
from nof0_provider_hyperliquid.rehearse.running import RehearsalResult
from nof0_provider_hyperliquid.rehearse.staging import rehearsed_sections
from nof0_provider_hyperliquid.rehearse.steps import StepResult

WIDTH = 80
_STEP = 29


def opening(config: Config, variables: Mapping[str, str]) -> list[str]:
    """Say what is rehearsed, with what in the place of what."""
    sections = rehearsed_sections(config)
    traders = [trader.id for trader in config.traders if trader.exchange in sections]
    where = f"{len(traders)} traders on {', '.join(sections)}"
    said = [
        f"Rehearsing {where} at a venue on this machine: made-up prices, throw-away keys.",
        f"No language model is asked: a fixed plan decides, every {written(RHYTHM)}.",
    ]
    if left := [name for name in config.exchanges if name not in sections]:
        said.append(f"Left out, being of another type: {', '.join(left)}.")
    if variables:
        said.append(f"Not set, and not needed for this: {', '.join(variables)}.")
    return [line for each in said for line in textwrap.wrap(each, WIDTH)] + [""]


def step_line(step: StepResult) -> str:
    """Say how a step went."""
    mark = "ok  " if step.is_passed else "FAIL"
    return _hanging(f"{mark}  {step.name:<{_STEP}}", step.said)


def lines(result: RehearsalResult, file: Path | None) -> Iterator[str]:
    """Yield what became of each position, and the verdict."""
    yield ""
    yield from _positions(result.episodes)
    yield ""
    opposed = [each for each in result.episodes if each.opposed_ms]
    if opposed:
        longest_ms = max(each.opposed_ms for each in opposed)
        coins = ", ".join(sorted({each.coin for each in opposed}))
        said = (
            f"While traders held opposite sides of {coins}, what was left at the venue had no stop"
            f" there for up to {longest_ms / 1000:.1f} s: the engine watched their prices."
        )
        yield from textwrap.wrap(said, WIDTH)
    longest = f"longest without a stop: {result.longest_bare_ms / 1000:.1f} s"
    if result.allowed_ms is None:
        yield "no trader has its stops switched on"
    else:
        yield f"{longest} (allowed: {result.allowed_ms / 1000:.1f} s)"
    if result.duplicates:
        yield f"{result.duplicates} orders were taken twice"
    if result.is_passed:
        yield f"PASSED: configuration {result.digest[:16]}"
        yield f"noted in {file}"
    else:
        yield f"NOT PASSED: configuration {result.digest[:16]}"
        yield f"journal and log: {result.folder}"


def as_document(result: RehearsalResult, file: Path | None) -> str:
    """Return the same as JSON."""
    document = {
        "passed": result.is_passed,
        "digest": result.digest,
        "began": result.began.isoformat(),
        "longest_unprotected_ms": result.longest_bare_ms,
        "allowed_unprotected_ms": result.allowed_ms,
        "duplicates": result.duplicates,
        "requests": result.requests,
        "most_weight_in_a_minute": result.most_weight,
        "noted_in": None if file is None else str(file),
        "folder": str(result.folder),
        "steps": [
            {
                "name": step.name,
                "passed": step.is_passed,
                "said": step.said,
                "seconds": round(step.seconds, 1),
            }
            for step in result.steps
        ],
        "positions": [_row(each) for each in result.episodes],
    }
    return json.dumps(document, indent=2)


def _positions(found: tuple[Episode, ...]) -> Iterator[str]:
    if not found:
        yield "no position was opened"
        return
    yield f"{'coin':<10}{'size':>12}{'opened':>10}{'ended':>10}  {'by':<12}{'pnl':>9}{'bare':>8}"
    for each in found:
        ended = "-" if each.ended_ms is None else _clock(each.ended_ms)
        yield (
            f"{each.coin:<10}{plain(each.size):>12}{_clock(each.opened_ms):>10}{ended:>10}"
            f"  {each.ended_by or 'open':<12}{round(each.pnl, 2):>9}{each.bare_ms / 1000:>6.1f} s"
        )


def _row(each: Episode) -> dict[str, object]:
    def written(value: Decimal | None) -> str | None:
        return None if value is None else plain(value)

    return {
        "user": each.user,
        "coin": each.coin,
        "size": written(each.size),
        "entry": written(each.entry),
        "exit": written(each.exit),
        "opened": _iso(each.opened_ms),
        "ended": None if each.ended_ms is None else _iso(each.ended_ms),
        "ended_by": each.ended_by or None,
        "pnl_usd": written(each.pnl),
        "unprotected_ms": each.bare_ms,
        "opposed_ms": each.opposed_ms,
    }


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _clock(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%H:%M:%S}"


def _hanging(head: str, said: str) -> str:
    indent = " " * (len(head) + 2)
    return "\n".join(
        textwrap.wrap(f"{head}  {said}", WIDTH, subsequent_indent=indent, drop_whitespace=True)
    )
