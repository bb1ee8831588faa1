"""Values that are allowed and hardly meant."""

from __future__ import annotations

from collections.abc import Sequence

from nof0_core.config.files.executor import ExecutorFile
from nof0_core.config.session import Session
from nof0_core.config.traders import Named
from nof0_core.config.tree import Table, find


def warn_of_fractions(
    session: Session, executor: ExecutorFile, table: Table, traders: Sequence[Named]
) -> None:
    """Note a `min_confidence` that was written as a fraction of one: nearly every entry passes."""
    wanted = [(find(table, "min_confidence"), executor.min_confidence)]
    for named in traders:
        place = find(named.node, "risk_params", "min_confidence")
        wanted.append((place, named.entry.risk_params.min_confidence or 0.0))
    for place, value in wanted:
        if 0 < value < 1:
            session.warn(
                place,
                f"is {value:g} of 100, which nearly every entry reaches: the scale is 0 to 100,"
                f" not 0 to 1 (write {100 * value:g} for {100 * value:g} %)",
            )
