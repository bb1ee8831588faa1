"""What one trader looks at beside what every trader sees."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Sight:
    """What a trader's templates and risk checks ask for; without either it pays nothing.

    `indicators` names the trader's own list of indicators, "" is that of `market.yaml`. `books`:
    order books are asked for. `venue`: its checks are shown all traders of the venue account.
    """

    indicators: str = ""
    books: bool = False
    venue: bool = False


PLAIN = Sight()
"""What every trader sees."""
