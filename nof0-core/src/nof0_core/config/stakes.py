"""What exchange accounts are about: paper, test or real money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nof0_core.config.asking import ask, sentence
from nof0_core.config.model import Place, Section
from nof0_core.config.session import Session
from nof0_core.plugins.descriptor import shown
from nof0_core.plugins.kinds import ExchangeKind, ServiceKind, Stake

PRODUCTION = "prod"
"""The `Env` of the main file under which real money may be traded."""


def read_stake(session: Session, kind: ServiceKind[Any, Any], config: Any, place: Place) -> Stake:
    """Return what a section is about; where its kind cannot say, that is a problem."""
    tell = kind.stake if isinstance(kind, ExchangeKind) else None
    if tell is None:
        return Stake.PAPER
    answers: tuple[object] | None = ask(
        session, "exchange", kind, "stake", place, lambda: (tell(config),)
    )
    # What raised is a problem already: nothing is going to run.
    answer = Stake.PAPER if answers is None else answers[0]
    if isinstance(answer, Stake):
        return answer
    session.problems.add(place, f"the stake of {kind.type} is {shown(answer)}, which is no Stake")
    return Stake.REAL


def read_account(session: Session, kind: ServiceKind[Any, Any], config: Any, place: Place) -> str:
    """Return what a kind calls the account of a section, empty where it has no name."""
    tell = kind.account if isinstance(kind, ExchangeKind) else None
    if tell is None:
        return ""
    answer: object = ask(
        session, "exchange", kind, "account", place, lambda: tell(config), is_vital=False
    )
    return sentence(answer) if isinstance(answer, str) else ""


def check_stakes(session: Session, env: str, exchanges: Mapping[str, Section]) -> None:
    """Refuse real money where the main file does not say that it is meant."""
    if env == PRODUCTION:
        return
    for section in exchanges.values():
        if section.stake is Stake.REAL:
            session.problems.add(
                section.place,
                f"trades with real money, but Env in the main file is {env}",
                "write Env: prod there if real money is meant, or use the venue's test network",
            )
