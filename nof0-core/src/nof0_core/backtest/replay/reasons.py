"""What is known to be behind a difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from nof0_core.backtest.replay.asking import Desk
from nof0_core.backtest.replay.case import Case, Known
from nof0_core.backtest.replay.difference import Difference, Part
from nof0_core.backtest.replay.integrity import Integrity
from nof0_core.version import VERSION


def explained(
    found: Sequence[Difference], case: Case, known: Known, desk: Desk, integrity: Integrity
) -> tuple[Difference, ...]:
    """Return the differences of a cycle with their reasons."""
    parts = {one.part for one in found}
    return tuple(
        attrs.evolve(one, reasons=tuple(_reasons(one.part, parts, case, known, desk, integrity)))
        for one in found
    )


def _reasons(
    part: Part,
    parts: set[Part],
    case: Case,
    known: Known,
    desk: Desk,
    integrity: Integrity,
) -> Iterator[str]:
    if part is Part.ORDER and parts & {Part.DECISION, Part.VERDICT}:
        yield "it follows from the decision, which differs"
        return
    told = list(integrity.among(case.seqs))
    if part is Part.PROMPT:
        files = (desk.trader.system, desk.trader.user)
        told += [integrity.templates[f.digest] for f in files if f.digest in integrity.templates]
    if known.loaded is not None:
        told += integrity.among([known.loaded.seq])
    yield from dict.fromkeys(told)
    if not told:
        earlier = integrity.before(case.body.as_of)
        if earlier is not None:
            yield f"{integrity.changed[earlier]}, before this cycle"
    if known.version != VERSION:
        yield f"nof0 {known.version} wrote it, this is {VERSION}: they may do it differently"
