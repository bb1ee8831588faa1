"""Which waiting orders exclude each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from nof0_core.domain.order import OrderRequest, Side, TriggerKind
from nof0_core.ids import ClientOrderId, Symbol


def pairs(orders: Sequence[OrderRequest]) -> Mapping[ClientOrderId, str]:
    """Return a name for each pair of a stop and a target, by the client ids of both.

    As at the venue, which knows them by having come together: reduce-only triggers of one coin,
    side and size in one call. When one of a pair is done, the other goes.
    """
    if len(orders) < len(TriggerKind):
        return {}
    found: defaultdict[tuple[Symbol, Side, Decimal], dict[TriggerKind, ClientOrderId]]
    found = defaultdict(dict)
    for order in orders:
        if order.trigger is not None and order.is_reduce_only:
            kinds = found[order.symbol, order.side, order.size]
            kinds.setdefault(order.trigger.kind, order.client_id)
    return {
        client_id: kinds[TriggerKind.STOP]
        for kinds in found.values()
        if len(kinds) == len(TriggerKind)
        for client_id in kinds.values()
    }
