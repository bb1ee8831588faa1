"""Write docs/configuration.md from the configuration classes: `python docs/reference.py`.

A test compares the file with what this makes, so it cannot fall behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nof0_core.config.files.executor import ExecutorFile
from nof0_core.config.files.llm import LlmFile
from nof0_core.config.files.main import MainFile
from nof0_core.config.files.manager import ManagerBlock, MonitoringBlock, TraderEntry
from nof0_core.config.files.providers import ExchangeFile, MarketFile
from nof0_core.config.reloading import reloads
from nof0_core.config.schema import FieldSchema, fields_of, schema_of
from nof0_core.execution.limits import EXCHANGE_VERBS, LIMITS, MARKET_VERBS
from nof0_core.plugins import load_plugins
from nof0_core.plugins.families import FAMILIES
from nof0_core.plugins.registry import PluginRegistry

DOCS = Path(__file__).parent
TARGET = DOCS / "configuration.md"
FILES = (
    ("Main", "The main file, `nof0.yaml`", [("", MainFile)]),
    ("LLM", "`llm.yaml`: models", [("", LlmFile)]),
    ("Executor", "`executor.yaml`: limits and rhythm for everybody", [("", ExecutorFile)]),
    ("Exchange", "`exchange.yaml`: where to trade", [("", ExchangeFile)]),
    ("Market", "`market.yaml`: where prices come from", [("", MarketFile)]),
    (
        "Manager",
        "`manager.yaml`: capital and traders",
        [("manager.", ManagerBlock), ("traders[].", TraderEntry), ("monitoring.", MonitoringBlock)],
    ),
)
RELOADS = "*reloads*"
"""Marks a key that a running engine takes over."""
BY_NAME = {"models", "instruments"}
"""Keys whose mapping has names of the user's choice."""
OURS = ("nof0-core", "nof0-provider-sim", "nof0-provider-hyperliquid", "nof0-llm")
PROTECTIVE = " (`place` of closes and stops)"
TIMES = """\
Where time runs by itself, a call to a provider that takes longer than this is given up: an order or
a cancel is then of unknown outcome and asked for, anything else is tried again. Seconds are real.
A section whose kind has such a setting (`timeout`) lowers all limits above it for its own calls, to
1 s at the least; it never raises one. `nof0 check` notes a setting that lowers none.

| sections | call | limit |
| --- | --- | --- |
"""
HEADER = "| key | type | default | meaning |\n| --- | --- | --- | --- |"


def page() -> str:
    """Return the whole document."""
    registry = load_plugins()
    parts = [(DOCS / "configuration.head.md").read_text(encoding="utf-8").rstrip()]
    for file, title, blocks in FILES:
        lines = [row for prefix, cls in blocks for row in rows(fields_of(cls), prefix, file)]
        parts += [f"## {title}", "\n".join([HEADER, *lines])]
    parts += ["## Time limits", time_limits()]
    parts.append("## Sections by family")
    for family in FAMILIES.values():
        parts += list(kinds(registry, family.name))
    return "\n\n".join(parts) + "\n"


def time_limits() -> str:
    """Say how long calls of exchange and market sections may take."""
    lines = [
        f"| {family} | `{verb}`{PROTECTIVE if verb == 'protect' else ''} "
        f"| {getattr(LIMITS, verb):g} s |"
        for family, verbs in (("exchange", EXCHANGE_VERBS), ("market", MARKET_VERBS))
        for verb in verbs
    ]
    return TIMES + "\n".join(lines)


def kinds(registry: PluginRegistry, family: str) -> Iterator[str]:
    """Describe the kinds of one family that this repository offers."""
    for kind in registry.kinds(family):
        owner = registry.owner(family, kind.type)
        if owner.distribution not in OURS:
            continue
        yield f"### {FAMILIES[family].noun} `{kind.type}`"
        summary = kind.summary[0].upper() + kind.summary[1:]
        yield f"{summary.rstrip('.')}. In {owner.distribution}."
        if fields := schema_of(kind):
            yield table(fields)
        params = getattr(kind, "params", None)
        if params is not None:
            yield "`params` of a model entry:"
            yield table(fields_of(params))


def table(fields: tuple[FieldSchema, ...]) -> str:
    """Write keys as a table; those of a nested mapping follow with their path."""
    return "\n".join([HEADER, *rows(fields)])


def rows(fields: tuple[FieldSchema, ...], prefix: str = "", file: str = "") -> Iterator[str]:
    """Write one line for each key; `file` is the key that names the file they stand in."""
    for field in fields:
        default = "*required*" if field.default is None else field.default
        if field.default:
            default = f"`{field.default}`"
        meaning = [field.help, f"in {field.unit}" if field.unit else "", field.range]
        meaning.append("secret" if field.is_secret else "")
        meaning.append(RELOADS if reloads(file, f"{prefix}{field.key}") else "")
        text = "; ".join(filter(None, meaning)).replace("|", "\\|")
        yield f"| `{prefix}{field.key}` | {field.type} | {default} | {text} |".replace("  ", " ")
        inner = "[]." if field.type.startswith("list") else "."
        if field.key in BY_NAME:
            inner = ".<name>."
        yield from rows(field.fields, f"{prefix}{field.key}{inner}", file)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
