"""What a lease means for a configuration, said before it runs."""

from __future__ import annotations

from collections import Counter

from nof0_core.config.model import Config
from nof0_core.runtime.lease import TIMES
from nof0_core.runtime.leasing import identities


def lease_notes(config: Config) -> list[str]:
    """Say what stops while the database is away, and whose exits nobody watches then."""
    if not config.is_leased:
        return []
    after = f"entries stop after {TIMES.entries:.0f} s and all orders after {TIMES.orders:.0f} s"
    said = [f"Postgres.Lease: without the database {after}; stops at the venue stand"]
    traders = Counter(trader.exchange for trader in config.traders)
    if shared := [name for name in identities(config) if traders[name] > 1]:
        said.append(
            f"traders share {', '.join(shared)}: where they hold a coin against each other its "
            "exits are watched by the engine, and by nobody while the database is away"
        )
    return said
