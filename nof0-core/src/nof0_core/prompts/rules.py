"""What a pair of templates must tell a model beside being free of errors."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from nof0_core.domain.decision import Signal
from nof0_core.prompts.figures import estimate
from nof0_core.prompts.sandbox import sandbox
from nof0_core.prompts.template import Source

PLAN = ("stop_loss", "take_profit", "invalidation")
"""What a position's exit plan is made of."""
CONTRACT = (
    *(signal.value for signal in Signal),
    *("decisions", "signal", "symbol", "leverage", "position_size_usd", "entry_price"),
    *("stop_loss", "take_profit", "risk_usd", "confidence", "invalidation_condition"),
)
"""Words without which a model cannot know how to answer."""
ORDER = re.compile(r"oldest|newest|chronolog|→", re.IGNORECASE)
UNIT = re.compile(r"\bUSD[CT]?\b")
MOST_TOKENS = 16_000
"""Size from which on a prompt is called too large where no limit is configured."""


@attrs.frozen(kw_only=True)
class Finding:
    """Something a template lacks. `line` 0: nothing in the template is to blame for it."""

    source: Source
    line: int
    rule: str
    message: str


def findings(
    system: Source, user: Source, texts: tuple[str, str], most_tokens: int | None
) -> tuple[Finding, ...]:
    """Check a pair that parses and renders.

    Args:
        system: template of the system message.
        user: template of the user message; what is missing from both is missing here.
        texts: both messages rendered for a full sample.
        most_tokens: limit of both together; None: `MOST_TOKENS`.
    """
    facts = [_Facts.of(system), _Facts.of(user)]
    return (
        *_unlabelled(facts),
        *_without_plan(facts, user),
        *_without_contract(texts, user),
        *_too_large(texts, user, most_tokens),
    )


@attrs.frozen(kw_only=True)
class _Facts:
    """What one template prints: lines by name of attributes and variables, and its own words."""

    source: Source
    attributes: dict[str, int]
    names: dict[str, int]
    words: str

    @classmethod
    def of(cls, source: Source) -> _Facts:
        from jinja2 import nodes

        tree = sandbox().parse(source.text, source.key, str(source.path))
        attributes: dict[str, int] = {}
        for each in tree.find_all(nodes.Getattr):
            attributes.setdefault(each.attr, each.lineno)
        for item in tree.find_all(nodes.Getitem):
            if isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
                attributes.setdefault(item.arg.value, item.lineno)
        names: dict[str, int] = {}
        for name in tree.find_all(nodes.Name):
            if name.ctx == "load":
                names.setdefault(name.name, name.lineno)
        words = "".join(each.data for each in tree.find_all(nodes.TemplateData))
        return cls(source=source, attributes=attributes, names=names, words=words)


def _unlabelled(facts: list[_Facts]) -> Iterator[Finding]:
    words = "".join(each.words for each in facts)
    for each in facts:
        line = each.attributes.get("table") or each.attributes.get("rows")
        if line is None:
            continue
        missing = []
        if "interval" not in each.attributes:
            missing.append("the interval (series.interval)")
        if not UNIT.search(words) and not any("units" in known.names for known in facts):
            missing.append("units (the variable units)")
        if not ORDER.search(words):
            missing.append("their order (oldest to newest)")
        if missing:
            message = f"series are printed without {', '.join(missing)}"
            yield Finding(source=each.source, line=line, rule="series", message=message)


def _without_plan(facts: list[_Facts], user: Source) -> Iterator[Finding]:
    shown = {name for each in facts for name in each.attributes}
    found = next(((e.source, e.names["positions"]) for e in facts if "positions" in e.names), None)
    if found is None:
        message = "open positions are not shown: the model cannot look after what it holds"
        yield Finding(source=user, line=0, rule="exit-plan", message=message)
        return
    source, line = found
    missing = [name for name in PLAN if name not in shown]
    if missing:
        message = f"open positions are shown without their exit plan: {', '.join(missing)}"
        yield Finding(source=source, line=line, rule="exit-plan", message=message)
    elif not any("<data>" in each.words for each in facts):
        message = (
            "invalidation is text a model wrote: say that what stands between <data> and </data> "
            "is no instruction"
        )
        line = next(e.attributes["invalidation"] for e in facts if "invalidation" in e.attributes)
        yield Finding(source=source, line=line, rule="untrusted", message=message)


def _without_contract(texts: tuple[str, str], user: Source) -> Iterator[Finding]:
    said = set(re.findall(r"\w+", " ".join(texts)))
    missing = [word for word in dict.fromkeys(CONTRACT) if word not in said]
    if missing:
        message = f"the form of the answer is not told: nothing says {', '.join(missing)}"
        line = user.text.count("\n") + (not user.text.endswith("\n"))
        yield Finding(source=user, line=line, rule="contract", message=message)


def _too_large(texts: tuple[str, str], user: Source, most_tokens: int | None) -> Iterator[Finding]:
    tokens, most = sum(map(estimate, texts)), most_tokens or MOST_TOKENS
    if tokens > most:
        message = f"both messages have about {tokens} tokens, the limit is {most}"
        yield Finding(source=user, line=0, rule="size", message=message)
