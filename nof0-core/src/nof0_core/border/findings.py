"""What a kind's `check_online` and `validate` return, as it may be shown."""

from __future__ import annotations

from nof0_core.border.values import shown, text, word
from nof0_core.domain.finding import Finding, FindingLevel

MOST = 100
"""So many findings, and sentences about a config, are read."""
_LEVEL = word(FindingLevel)
_SENTENCE = text(least=1, most=10_000)


def checked_findings(said: object) -> tuple[Finding, ...]:
    """Return what `check_online` returned.

    Raises:
        ValueError: it is no list of findings; says so as the end of a sentence.
    """
    findings: list[Finding] = []
    for finding in _rows(said, "findings"):
        if type(finding) is not Finding:
            message = f"answered {shown(finding)}, not a Finding"
            raise ValueError(message)
        wrong = _LEVEL(finding.level) or _SENTENCE(finding.sentence)
        if wrong:
            message = f"answered a finding that {wrong}"
            raise ValueError(message)
        findings.append(finding)
    return tuple(findings)


def checked_sentences(said: object) -> tuple[str, ...]:
    """Return what `validate` returned.

    Raises:
        ValueError: it is no list of sentences; says so as the end of a sentence.
    """
    for sentence in _rows(said, "sentences"):
        if wrong := _SENTENCE(sentence):
            message = f"answered a sentence that {wrong}"
            raise ValueError(message)
    return tuple(str(sentence) for sentence in _rows(said, "sentences"))


def _rows(said: object, what: str) -> list[object] | tuple[object, ...]:
    if type(said) is not list and type(said) is not tuple:
        message = f"answered {shown(said)}, not a list of {what}"
        raise ValueError(message)
    if len(said) > MOST:
        message = f"answered {len(said)} {what}, more than {MOST}"
        raise ValueError(message)
    return said
