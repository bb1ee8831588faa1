"""What a kind says of a config as a whole, beside what each field must be."""

from __future__ import annotations

from typing import Any

from nof0_core.border.findings import checked_sentences
from nof0_core.config.asking import LONGEST, sentence
from nof0_core.config.model import Place
from nof0_core.config.session import Session
from nof0_core.plugins import messages
from nof0_core.plugins.kinds import PolicyKind, ServiceKind
from nof0_core.redaction import READ


def validate(
    session: Session,
    family: str,
    kind: ServiceKind[Any, Any] | PolicyKind[Any, Any],
    config: Any,
    place: Place,
) -> bool:
    """Note what the kind's `validate` says is wrong with a config; tell whether nothing is."""
    if kind.validate is None:
        return True
    owner = session.registry.owner(family, kind.type)
    try:
        sentences = checked_sentences(kind.validate(config))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin's code raises anything
        said = READ.out_of_sentence(messages.failure(error))[:LONGEST]
        session.problems.add(place, f"{kind.type} cannot be validated: {said}: a defect of {owner}")
        return False
    for each in sentences:
        session.problems.add(place, sentence(each))
    return not sentences
