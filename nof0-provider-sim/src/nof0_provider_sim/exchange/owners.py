"""Who holds what of the paper account's net positions."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from nof0_core.domain.fill import Fill
from nof0_core.ids import ClientOrderId, Symbol, owner_tag
from nof0_core.money import ZERO
from nof0_provider_sim.exchange.parts import Part


class Owners:
    """What each trader's orders add up to, told apart by the first four bytes of their client ids.

    The account nets, as one at a venue does: margin, funding and liquidation know its positions
    only. But a reduce-only order shrinks what its own trader holds, so that nobody's exits depend
    on what others do. Executions without an order of a trader's, such as liquidations, are taken
    from those who hold that side, whoever comes to reduce last: together orders never reduce more
    than is there.
    """

    def __init__(self) -> None:
        self._held: defaultdict[Symbol, dict[str, Decimal]] = defaultdict(dict)

    def book(self, fill: Fill) -> None:
        """Count an execution."""
        if fill.client_id is None:
            return
        held, owner = self._held[fill.symbol], owner_tag(fill.client_id)
        quantity = held.get(owner, ZERO) + fill.quantity
        if quantity:
            held[owner] = quantity
        else:
            held.pop(owner, None)

    def reducible(self, symbol: Symbol, client_id: ClientOrderId, net: Decimal) -> Decimal:
        """Return the signed quantity in coins an order may reduce, where the account holds `net`.

        That is what its trader holds; less where others' executions took of all who hold that side
        together.
        """
        held = self._held.get(symbol)
        own = held.get(owner_tag(client_id), ZERO) if held else ZERO
        if not held or not own:
            return ZERO
        if own == net and len(held) == 1:
            # Nobody else has to do with the position, as nearly always.
            return own
        sign = 1 if own > 0 else -1
        together = sum((quantity for quantity in held.values() if quantity * sign > 0), ZERO)
        foreign = net - sum(held.values(), ZERO)
        left = max(ZERO, (together + (foreign if foreign * sign < 0 else ZERO)) * sign)
        return min(abs(own), left) * sign

    def dump(self) -> dict[str, dict[str, str]]:
        """Return what is held by coin and trader as JSON can hold it, sorted."""
        return {
            symbol: {owner: str(quantity) for owner, quantity in sorted(held.items())}
            for symbol, held in sorted(self._held.items())
            if held
        }

    def restore(self, part: Part) -> None:
        """Become what `dump` returned.

        Raises:
            ValueError: it is not that.
        """
        for symbol in part:
            held = part.part(symbol)
            self._held[Symbol(symbol)] = {owner: held.amount(owner) for owner in held}
