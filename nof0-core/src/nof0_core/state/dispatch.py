"""One event, and all that looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Inexact, InvalidOperation, localcontext

from nof0_core.domain.body import Body
from nof0_core.domain.event import Event
from nof0_core.ledger.arithmetic import STRICT
from nof0_core.state.changes import Change, refused, together, unchanged
from nof0_core.state.projection import Handler, Projection


class Dispatch:
    """Hands events to the projections that look at them, in their order.

    Each event is reckoned through first, in a context in which an operation that would lose a digit
    raises instead: what comes of it is a `Change` that only puts in place what was reckoned. An
    event that cannot be true is refused there, before it is written anywhere and before anything
    has changed.
    """

    def __init__(self, projections: Sequence[Projection]) -> None:
        table: dict[type[Body], tuple[Handler, ...]] = {}
        for projection in projections:
            for kind, handler in projection.handlers.items():
                table[kind] = (*table.get(kind, ()), handler)
        self._table = table

    def prepare(self, event: Event) -> Change:
        """Return how to take over one event, in O(1); that cannot fail and comes before any other.

        Raises:
            UnbookableError: if the event cannot be true.
        """
        handlers = self._table.get(type(event.body))
        if handlers is None:
            return unchanged
        try:
            with localcontext(STRICT):
                changes = [
                    change
                    for handler in handlers
                    if (change := handler(event, event.body)) is not unchanged
                ]
        except (Inexact, InvalidOperation) as error:
            problem = "its numbers have more digits than can be added exactly"
            raise refused(event, problem) from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise refused(event, f"it holds what nobody can reckon with ({error!r})") from error
        return together(changes)
