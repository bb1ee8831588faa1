"""The two analytics tables that follow from decision cycles."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nof0_core.analysis.exposure import Exposure
from nof0_core.analysis.returns import Spread
from nof0_core.analysis.statistic import deviation, mean, median
from nof0_core.analysis.trade_tables import Table
from nof0_core.analysis.value_counts import ValueCounts
from nof0_core.domain.candles import FloatArray
from nof0_core.domain.decision import Judgement, Signal
from nof0_core.domain.event import CycleEnded
from nof0_core.money import ratio

_GROUPS = {
    Signal.BUY_TO_ENTER: "long",
    Signal.SELL_TO_ENTER: "short",
    Signal.HOLD: "hold",
    Signal.CLOSE: "close",
}


Counts = list[tuple[float, int]]


class KeptSignals(msgspec.Struct):
    """A `SignalLog`, written down."""

    newest: float | None
    invocations: int
    counts: dict[str, int]
    symbols: list[str]
    asked_leverage: Counts
    confidence: dict[str, Counts]
    leverage: dict[str, Counts]
    breaks: tuple[int, float, float]
    shortest: float
    longest: float


class SignalLog:
    """Everything one trader signalled, in numbers that do not become more with the years.

    A cycle costs what its own decisions cost; the tables are computed when they are asked for.
    Confidence is kept as a fraction 0–1. A cycle without a usable answer is an invocation without
    signals. `newest` is when the newest was recorded, seconds since 1970 UTC, None before it.
    """

    def __init__(self) -> None:
        self.newest: float | None = None
        self.invocations = 0
        self.counts = dict.fromkeys(_GROUPS.values(), 0)
        self.symbols: set[str] = set()
        self._asked_leverage = ValueCounts()
        self._confidence = {group: ValueCounts() for group in _GROUPS.values()}
        self._leverage = {"long": ValueCounts(), "short": ValueCounts()}
        self._breaks = Spread()
        self._shortest, self._longest = math.inf, -math.inf

    @property
    def asked_leverage(self) -> FloatArray:
        """Return the leverages the model asked for in its entries, ascending."""
        return self._asked_leverage.values()

    def add(self, cycle: CycleEnded, time: float) -> None:
        """Take in one cycle recorded at `time`."""
        if self.newest is not None:
            minutes = (time - self.newest) / 60
            self._breaks.add(minutes)
            self._shortest = min(self._shortest, minutes)
            self._longest = max(self._longest, minutes)
        self.newest = time
        self.invocations += 1
        for judgement in cycle.judgements:
            self._add_signal(judgement)

    def _add_signal(self, judgement: Judgement) -> None:
        decision = judgement.decision
        group = _GROUPS[decision.signal]
        self.counts[group] += 1
        self.symbols.add(decision.symbol)
        if decision.confidence is not None:
            self._confidence[group].add(decision.confidence / 100)
        if not decision.signal.is_entry:
            return
        if decision.leverage is not None:
            self._asked_leverage.add(decision.leverage)
        granted = judgement.leverage if judgement.leverage is not None else decision.leverage
        if granted is not None:
            self._leverage[group].add(granted)

    def signals(self, held: Exposure) -> Table:
        """Build `signals_breakdown_table` (34 keys).

        Leverage is that of entries, as granted by the risk gate and as asked where it was refused.
        `long_short_ratio` is 0 when nothing was signalled short.
        """
        table: Table = {"total_signals": sum(self.counts.values())}
        for group, count in self.counts.items():
            table[f"num_{group}_signals"] = count
            table[f"{group}_signal_pct"] = 100 * ratio(count, table["total_signals"])
            said = self._confidence[group].values()
            table[f"avg_confidence_{group}"] = mean(said)
            table[f"std_confidence_{group}"] = deviation(said)
        table["long_short_ratio"] = ratio(self.counts["long"], self.counts["short"])
        confidence = np.concatenate([part.values() for part in self._confidence.values()])
        leverage = np.concatenate([part.values() for part in self._leverage.values()])
        for name, values in (("confidence", confidence), ("leverage", leverage)):
            table[f"avg_{name}"] = mean(values)
            table[f"median_{name}"] = median(values)
            table[f"std_{name}"] = deviation(values)
        for group, part in self._leverage.items():
            table[f"avg_leverage_{group}"] = mean(part.values())
            table[f"std_leverage_{group}"] = deviation(part.values())
        minutes = {"long": held.long_mins, "short": held.short_mins, "flat": held.flat_mins}
        for group, mins in minutes.items():
            table[f"mins_{group}_combined"] = mins
            table[f"pct_mins_{group}_combined"] = held.pct(mins)
        return table

    def invocation_table(self) -> Table:
        """Build `invocation_breakdown_table`: breaks between invocations, in minutes."""
        breaks = self._breaks
        return {
            "num_invocations": self.invocations,
            "avg_invocation_break_mins": breaks.mean,
            "std_invocation_break_mins": breaks.deviation,
            "min_invocation_break_mins": self._shortest if breaks.count else 0.0,
            "max_invocation_break_mins": self._longest if breaks.count else 0.0,
        }

    def keep(self) -> KeptSignals:
        """Return all of it in what can be written down."""
        return KeptSignals(
            newest=self.newest,
            invocations=self.invocations,
            counts=self.counts,
            symbols=sorted(self.symbols),
            asked_leverage=self._asked_leverage.pairs(),
            confidence={group: each.pairs() for group, each in self._confidence.items()},
            leverage={group: each.pairs() for group, each in self._leverage.items()},
            breaks=self._breaks.keep(),
            shortest=self._shortest,
            longest=self._longest,
        )

    @classmethod
    def of(cls, kept: KeptSignals) -> SignalLog:
        """Return what `keep` was asked of."""
        made = cls()
        made.newest, made.invocations = kept.newest, kept.invocations
        made.counts, made.symbols = kept.counts, set(kept.symbols)
        made._asked_leverage = ValueCounts(kept.asked_leverage)
        made._confidence = {group: ValueCounts(each) for group, each in kept.confidence.items()}
        made._leverage = {group: ValueCounts(each) for group, each in kept.leverage.items()}
        made._breaks = Spread.of(kept.breaks)
        made._shortest, made._longest = kept.shortest, kept.longest
        return made
