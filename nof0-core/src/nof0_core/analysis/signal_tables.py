"""The two analytics tables that follow from decision cycles."""

from __future__ import annotations

from array import array

import numpy as np

from nof0_core.analysis.exposure import Exposure
from nof0_core.analysis.statistic import deviation, mean, median
from nof0_core.analysis.trade_tables import Table
from nof0_core.domain.decision import Judgement, Signal
from nof0_core.domain.event import CycleEnded
from nof0_core.money import ratio

_GROUPS = {
    Signal.BUY_TO_ENTER: "long",
    Signal.SELL_TO_ENTER: "short",
    Signal.HOLD: "hold",
    Signal.CLOSE: "close",
}


class SignalLog:
    """Everything one trader signalled, kept as plain numbers.

    A cycle costs what its own decisions cost; the tables are computed when they are asked for.
    Confidence is kept as a fraction 0–1. A cycle without a usable answer is an invocation without
    signals.
    """

    def __init__(self) -> None:
        self.times = array("d")
        """When each invocation was recorded, seconds since 1970 UTC, oldest first."""
        self.counts = dict.fromkeys(_GROUPS.values(), 0)
        self.symbols: set[str] = set()
        self.asked_leverage = array("d")
        self._confidence = {group: array("d") for group in _GROUPS.values()}
        self._leverage = {"long": array("d"), "short": array("d")}

    @property
    def invocations(self) -> int:
        """Return how many cycles were recorded."""
        return len(self.times)

    def add(self, cycle: CycleEnded, time: float) -> None:
        """Take in one cycle recorded at `time`."""
        self.times.append(time)
        for judgement in cycle.judgements:
            self._add_signal(judgement)

    def _add_signal(self, judgement: Judgement) -> None:
        decision = judgement.decision
        group = _GROUPS[decision.signal]
        self.counts[group] += 1
        self.symbols.add(decision.symbol)
        if decision.confidence is not None:
            self._confidence[group].append(decision.confidence / 100)
        if not decision.signal.is_entry:
            return
        if decision.leverage is not None:
            self.asked_leverage.append(decision.leverage)
        granted = judgement.leverage if judgement.leverage is not None else decision.leverage
        if granted is not None:
            self._leverage[group].append(granted)

    def signals(self, held: Exposure) -> Table:
        """Build `signals_breakdown_table` (34 keys).

        Leverage is that of entries, as granted by the risk gate and as asked where it was refused.
        `long_short_ratio` is 0 when nothing was signalled short.
        """
        table: Table = {"total_signals": sum(self.counts.values())}
        for group, count in self.counts.items():
            table[f"num_{group}_signals"] = count
            table[f"{group}_signal_pct"] = 100 * ratio(count, table["total_signals"])
            table[f"avg_confidence_{group}"] = mean(self._confidence[group])
            table[f"std_confidence_{group}"] = deviation(self._confidence[group])
        table["long_short_ratio"] = ratio(self.counts["long"], self.counts["short"])
        confidence = np.concatenate([np.asarray(part) for part in self._confidence.values()])
        leverage = np.concatenate([np.asarray(part) for part in self._leverage.values()])
        for name, values in (("confidence", confidence), ("leverage", leverage)):
            table[f"avg_{name}"] = mean(values)
            table[f"median_{name}"] = median(values)
            table[f"std_{name}"] = deviation(values)
        for group, part in self._leverage.items():
            table[f"avg_leverage_{group}"] = mean(part)
            table[f"std_leverage_{group}"] = deviation(part)
        minutes = {"long": held.long_mins, "short": held.short_mins, "flat": held.flat_mins}
        for group, mins in minutes.items():
            table[f"mins_{group}_combined"] = mins
            table[f"pct_mins_{group}_combined"] = held.pct(mins)
        return table

    def invocation_table(self) -> Table:
        """Build `invocation_breakdown_table`: breaks between invocations, in minutes."""
        breaks = np.diff(np.asarray(self.times)) / 60
        return {
            "num_invocations": self.invocations,
            "avg_invocation_break_mins": mean(breaks),
            "std_invocation_break_mins": deviation(breaks),
            "min_invocation_break_mins": float(breaks.min()) if breaks.size else 0.0,
            "max_invocation_break_mins": float(breaks.max()) if breaks.size else 0.0,
        }
