"""Time-weighted growth: what one dollar became, whatever capital was moved in and out meanwhile.

The one definition of return. Between two transfers the index moves with equity: index now = index
right after the last transfer x equity now / equity right after it. A transfer itself changes
nothing. It is what GIPS and most fund statistics call the time-weighted return, with a valuation
at every transfer, so nothing is approximated.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

import attrs

from nof0_core.money import EXACT, ONE, ZERO

_DIGITS = Context(
    prec=28, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)
"""What an index is rounded to, once at each transfer: relative, so that what is small stays."""


@attrs.frozen(kw_only=True)
class Growth:
    """How an account has grown until its last transfer, and from where it grows since.

    `index` is 1 with the first capital, 0 for good after a ruin. `base` is equity in USD right
    after the last transfer; 0 before the first, and after one that took all there was: then the
    index rests until there is capital again, whatever fee or funding comes late.
    """

    index: Decimal = ONE
    base: Decimal = ZERO

    def is_lost(self, equity: Decimal) -> bool:
        """Tell whether all is lost when the account is worth `equity` USD, now or ever before."""
        return not self.index or (self.base > 0 and equity <= 0)

    def at(self, equity: Decimal) -> Decimal:
        """Return the index when the account is worth `equity` USD; 0 where all is lost."""
        if self.is_lost(equity):
            return ZERO
        if self.base <= 0:
            return self.index
        return _DIGITS.divide(EXACT.multiply(self.index, equity), self.base)

    def moved(self, before: Decimal, amount: Decimal) -> Growth:
        """Return what it is after a transfer into an account that was worth `before` USD."""
        return Growth(index=self.at(before), base=EXACT.add(before, amount))

    def ruined(self) -> Growth:
        """Return what it is once the account was seen with nothing left; no capital helps."""
        return Growth(index=ZERO, base=self.base)


NOTHING_YET = Growth()
"""That of an account before its first capital."""
