"""Capital: what traders are promised, against what there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from nof0_core.config.asking import ask_amount
from nof0_core.config.files.manager import ManagerBlock, TraderEntry
from nof0_core.config.model import Section
from nof0_core.config.session import Session
from nof0_core.config.traders import Named
from nof0_core.config.tree import Table, find
from nof0_core.money import HUNDRED, plain
from nof0_core.plugins.kinds import ExchangeKind


def check_shares(
    session: Session, block: ManagerBlock, table: Table, entries: list[TraderEntry]
) -> None:
    """Refuse shares that add up to more than there is beside the reserve."""
    total = sum((entry.allocation_pct for entry in entries), Decimal(0))
    room = HUNDRED - block.reserve_equity_pct
    if total > room:
        session.problems.add(
            find(table, "traders"),
            f"allocation_pct of all traders adds up to {plain(total)}, but only {plain(room)} is"
            f" there (reserve_equity_pct is {plain(block.reserve_equity_pct)})",
        )


def warn_of_no_capital(session: Session, traders: Sequence[Named]) -> None:
    """Note venue accounts on which nobody gets anything: nothing can be entered there."""
    for exchange in dict.fromkeys(named.exchange for named in traders):
        members = [named for named in traders if named.exchange == exchange]
        if not any(named.entry.allocation_pct for named in members):
            session.warn(
                find(members[0].node, "allocation_pct"),
                f"all traders of {exchange} have an allocation_pct of 0: none of them can open a"
                " position unless the allocation strategy gives it capital",
            )


def check_balances(
    session: Session,
    block: ManagerBlock,
    table: Table,
    traders: Sequence[Named],
    exchanges: Mapping[str, Section],
) -> None:
    """Refuse to promise more of a paper account than it begins with."""
    for name, section in exchanges.items():
        kind = section.kind
        tell = kind.initial_balance_usd if isinstance(kind, ExchangeKind) else None
        if tell is None:
            continue
        there = ask_amount(
            session,
            "exchange",
            kind,
            "initial_balance_usd",
            section.place,
            partial(tell, section.config),
            is_vital=False,
        )
        if there is None:
            continue
        pct = sum((t.entry.allocation_pct for t in traders if t.exchange == name), Decimal(0))
        promised = block.total_equity_usd * pct / HUNDRED
        if promised > there:
            session.problems.add(
                find(table, "manager", "total_equity_usd"),
                f"the traders of {name} get {plain(promised)} USD, but its account begins with"
                f" {plain(there)}",
                f"lower it or their allocation_pct, or raise the balance of {name}"
                f" ({section.place.file}:{section.place.line})",
            )
