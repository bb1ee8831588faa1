"""Whether anything may have happened to an account since somebody has looked at it."""

from __future__ import annotations

from nof0_provider_hyperliquid.transport.windows import Priority


class AccountNews:
    """Counts what may have changed an account, and what of it a look has seen.

    A look at an account with news is as urgent as an order: a position may be without its stop. One
    that nobody knows any news of can wait, and leaves room for those. Before the first look all is
    news.
    """

    def __init__(self) -> None:
        self._told = 1
        self._seen = 0

    def tell(self) -> None:
        """Hear of something: an action of ours, or one that nobody here expected."""
        self._told += 1

    def begin(self) -> int:
        """Return what a look that begins now will have seen."""
        return self._told

    def seen(self, begun: int) -> None:
        """Hear that a look has succeeded, with what `begin` returned for it."""
        self._seen = max(self._seen, begun)

    def urgency(self) -> Priority:
        """Return how urgent it is to look."""
        return Priority.NEWS if self._told > self._seen else Priority.STATE
