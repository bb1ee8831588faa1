"""In which order traders stand, and who is not ranked at all."""

from __future__ import annotations

import attrs

from nof0_core.domain.view import TraderView, View


@attrs.frozen(kw_only=True)
class Standing:
    """A trader in its place; `unranked_reason` says in words which quality gates it misses."""

    trader: TraderView
    unranked_reason: str | None

    @property
    def is_ranked(self) -> bool:
        """Return whether the trader has passed all gates."""
        return self.unranked_reason is None


def ranking(view: View) -> list[Standing]:
    """Order the traders of a picture: best return first, those below the gates after all others.

    Those are among themselves ordered by return too. Equal returns, as they are shown to the last
    digit, keep the order of the configuration.
    """
    standings = [
        Standing(
            trader=trader,
            unranked_reason=view.gates.missed(trader.answers, view.time - trader.started_at),
        )
        for trader in view.traders
    ]
    return sorted(standings, key=_place)


def _place(standing: Standing) -> tuple[bool, float]:
    return not standing.is_ranked, -float(standing.trader.account.return_pct)
