"""Looks at the venue each second and says where a position is without protection."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from decimal import Decimal as D

from world.faults import Verb
from world.loop import now

from nof0_core.domain.order import TriggerKind
from nof0_core.protocols import Capability
from nof0_core.testing.market import INSTRUMENTS

DEADLINE = 10.0
"""Seconds a position may be without its stop."""
RETRY = 4.0
"""Seconds within which a close that did not fill is tried again."""
UNKNOWN = 90.0
"""Seconds for which an order of unknown outcome may be waited for: its limit, and 60 to forget."""
ZERO = D(0)


class Observer:
    """Reckons from the venue's truth alone, by trader and coin.

    `counts` has how often a position was left alone because nothing was possible, and why.
    `faults` has (check, sentence).
    """

    def __init__(self, venue, truth, watched, plan, clock) -> None:
        self.venue, self.truth, self.watched = venue, truth, watched
        self.plan, self.clock = plan, clock
        self.counts: Counter[str] = Counter()
        self.faults: list[tuple[str, str]] = []
        self._bare: dict[tuple[str, str], float] = {}
        self._lost: dict[tuple[str, str], float] = {}
        self._blamed: set[tuple[str, str]] = set()
        self._is_away = False
        self._at_venue = {Capability.REDUCE_ONLY, Capability.TRIGGER_ORDERS} <= venue.capabilities

    def leave(self):
        """Judge nobody: the engine is not there."""
        self._is_away = True

    def begin(self):
        """Begin anew with an engine that has just started and knows what was recorded."""
        self._bare.clear()
        self._is_away = False

    def lose(self, order):
        """Note that a stop or target is gone without the engine's doing; a report will show it."""
        self._lost[self.truth.owner(order.client_id), order.symbol] = now()

    def look(self, now):
        """Judge each position at this second."""
        if self._is_away:
            return
        covered = self._covered()
        for key, quantity in self.truth.held.items():
            if not quantity:
                self._bare.pop(key, None)
                self._blamed.discard(key)
                continue
            is_covered = covered.get(key, ZERO) >= abs(quantity)
            reason = "stop" if is_covered else self._excuse(key, quantity, now)
            if reason is None:
                since = self._bare.setdefault(key, now)
            else:
                self.counts[reason] += 1
                self._bare.pop(key, None)
                continue
            if now - since > DEADLINE + 1 and key not in self._blamed:
                self._blamed.add(key)
                text = f"{key[0]} holds {quantity} {key[1]} at {now:.0f} s, since "
                faults = [
                    f"{f.verb} {f.kind}" for f in self.plan.faults if f.since <= now < f.until
                ]
                text += f"{since:.0f} s without stop, close or reason {faults}"
                self.faults.append(("protected", text))

    def _covered(self):
        sizes: defaultdict[tuple[str, str], D] = defaultdict(D)
        for order in self.venue.resting():
            if order.trigger.kind is TriggerKind.STOP:
                owner = self.truth.owner(order.client_id), order.symbol
                if self.truth.held.get(owner, ZERO) * order.side.sign < 0:
                    sizes[owner] += order.size
        return sizes

    def _excuse(self, key, quantity, now):
        """Say why a position without a stop needs nothing now; None where it does."""
        if self._is_closing(key, now):
            return "closing"
        if self._is_undone_by_hand(key, quantity):
            return "by hand"
        if self._is_blocked(key, now):
            return "no possibility"
        if self._is_too_small(key[1], quantity):
            return "too small"
        if self._is_watched(key, quantity, now):
            return "watched"
        if not self._is_known(key):
            return "unknown to the engine"
        return None

    def _is_closing(self, key, now):
        """Tell whether a close is on its way, unknown, or was answered a moment ago."""
        return any(
            now < min(sent.ended + RETRY, sent.at + UNKNOWN)
            for sent in self.watched.closes.get(key, ())[-3:]
        )

    def _is_undone_by_hand(self, key, quantity):
        """Tell whether a person has left less of the coin than the trader holds in the ledger."""
        net = self.venue.sizes.get(key[1], ZERO)
        return bool(self.truth.by_hand.get(key[1])) and (
            net * quantity <= 0 or abs(net) < abs(quantity)
        )

    def _is_blocked(self, key, now):
        place = self.plan.active(Verb.PLACE, now)
        if place is not None and place.kind.is_barrier:
            return True
        if Capability.EXPIRY in self.venue.capabilities and self.clock.offset.total_seconds() < -10:
            return True
        needs_report = Capability.REDUCE_ONLY not in self.venue.capabilities or self.truth.others(
            *key
        )
        return bool(needs_report and self.plan.active(Verb.REPORT, now))

    def _is_too_small(self, symbol, quantity):
        """Tell whether no order the venue takes would close it: only a reduction may be so small.

        Orders are worth what their limit says, of a sale up to a tenth less than the mark.
        """
        reduces = (
            Capability.REDUCE_ONLY in self.venue.capabilities
            and self.venue.sizes.get(symbol, ZERO) * quantity > 0
        )
        limit = self.venue.prices[symbol] * (D("0.9") if quantity > 0 else 1)
        return not reduces and abs(quantity) * limit < INSTRUMENTS[symbol].min_notional

    def _is_watched(self, key, quantity, now):
        """Tell whether the engine has to watch the mark itself, which is not at the stop yet.

        So it has to where opposite sides are held, in truth or as far as it was told: no answer has
        said yet that the other side is gone.
        """
        trader, symbol = key
        opposed = self.truth.by_hand.get(symbol, ZERO) * quantity < 0 or any(
            q * quantity < 0 for q in self.truth.others(*key).values()
        )
        opposed = opposed or any(
            q * quantity < 0 for t, q in self.watched.known(symbol).items() if t != trader
        )
        if self._at_venue and not opposed:
            return False
        stop = self.truth.stops.get(key)
        return stop is None or (self.venue.prices[key[1]] - stop) * quantity > 0

    def _is_known(self, key):
        """Tell whether the engine was told of all that made the position what it is.

        After a start that is when it has its first report.
        """
        reported = self.watched.reported
        if reported == -math.inf or reported < self._lost.get(key, -math.inf):
            return False
        return all(
            self.watched.told[client_id] >= self.truth.filled[client_id]
            for client_id in self.truth.orders[key]
        )
