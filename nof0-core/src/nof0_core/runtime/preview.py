"""What can be said of a run before it begins: its templates, their faults, its clock and limits.

Looking through templates needs nothing of the engine, so the rest is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Iterator

from nof0_core.config.fields import written
from nof0_core.config.model import Config, Section, TraderConfig
from nof0_core.errors import ConfigError, PluginError, Problem
from nof0_core.plugins.kinds import BackendKind
from nof0_core.plugins.messages import failure
from nof0_core.prompts import PromptBook
from nof0_core.prompts.coins import CoinViews
from nof0_core.redaction import Redactor

FASTEST = 60.0
"""Times real time a clock may go before answers of language models come much too late."""


def prompt_book(
    config: Config,
    trader: TraderConfig,
    *,
    coins: CoinViews | None = None,
    max_tokens: int | None = None,
) -> PromptBook:
    """Make the book a run, a check and a preview of the trader all use, of the texts it has read.

    Args:
        config: where the trader stands.
        trader: one of its traders.
        coins: shared by traders that look at the same market; None: the book's own.
        max_tokens: another limit than the configured one.
    """
    return PromptBook(
        trader.system_template,
        trader.user_template,
        config.prompt_schema_version,
        max_tokens=max_tokens or config.max_prompt_tokens,
        indicators=config.indicators_of(trader),
        intervals=config.intervals,
        coins=coins,
        texts=config.templates,
    )


def preflight(config: Config) -> None:
    """Check every prompt template a trader uses, and whether the clock can suit the markets.

    Raises:
        ConfigError: with all problems, each once.
    """
    problems = dict.fromkeys(_live_problems(config))
    for trader in config.traders:
        problems.update(dict.fromkeys(prompt_book(config, trader).check()))
    if problems:
        raise ConfigError(list(problems))


def _live_problems(config: Config) -> Iterator[Problem]:
    """Yield the markets known to be live on a clock that has a time of its own."""
    if config.clock.start is None:
        return
    for section in config.markets.values():
        if _is_recorded(config, section) is False:
            place = section.place
            yield Problem(
                file=place.file,
                line=place.line,
                path=place.path,
                message="is a live market, but Clock.Start in the main file sets a time of its own",
                hints=("remove Clock from the main file",),
            )


def unknown_clocks(config: Config) -> list[str]:
    """Name markets of which nobody knows before a run whether they suit the clock."""
    if config.clock.start is None:
        return []
    return [
        f"{section.place.file}:{section.place.line}: whether market {section.name} is a recording "
        "is seen when it opens; a live one is refused then, because of Clock.Start"
        for section in config.markets.values()
        if _is_recorded(config, section) is None
    ]


def _is_recorded(config: Config, section: Section) -> bool | None:
    tell = section.kind.is_recorded
    if tell is None:
        return None
    try:
        return bool(tell(section.config))
    except Exception as error:
        owner = config.registry.owner("market", section.kind.type)
        message = f"market {section.name}: is_recorded raised {failure(error)}: a defect of {owner}"
        raise PluginError(message, distribution=owner.distribution) from error


def haste(config: Config) -> list[str]:
    """Warn where models that read prompts are asked on a clock too fast for their answers."""
    speed = config.clock.speed
    if speed is None or speed <= FASTEST or config.clock.is_lockstep:
        return []
    asked = dict.fromkeys(model for t in config.traders for model in (t.model, *t.fallbacks))
    slow = []
    for model in asked:
        kind = config.backends[model.backend].kind
        if isinstance(kind, BackendKind) and kind.reads_prompt and not kind.is_baseline:
            slow.append(model.name)
    message = (
        f"Clock.Speed is {speed:g}: {', '.join(slow)} will answer minutes of the market too late; "
        "`Lockstep: true` in Clock, or `nof0 run --cycles N`, lets time stand still while a model "
        "thinks"
    )
    return [message] if slow else []


def caveats(config: Config) -> list[str]:
    """Say what has to be known beside the results of traders, such as answers to other prompts.

    Each begins with the traders it is about; with the backend where only other models ask it. A
    plugin that fails at it is told in its place.
    """
    found: list[str] = []
    redact = Redactor(config.secrets).text
    for name, section in config.backends.items():
        kind = section.kind
        tell = kind.caveat if isinstance(kind, BackendKind) else None
        if tell is None:
            continue
        try:
            said = tell(section.config)
        except Exception as error:  # noqa: BLE001 - foreign code raises anything
            owner = config.registry.owner("llm", kind.type)
            found.append(redact(f"llm {name}: caveat raised {failure(error)}: a defect of {owner}"))
            continue
        if said:
            asking = [
                trader.name
                for trader in config.traders
                if any(model.backend == name for model in (trader.model, *trader.fallbacks))
            ]
            found.append(redact(f"{', '.join(asking) or f'llm {name}'}: {said}"))
    return found


def address(config: Config, section: Section) -> str:
    """Return where the models of a backend are asked, empty where its kind does not say.

    A plugin that fails at it is told in its place.
    """
    kind = section.kind
    if not isinstance(kind, BackendKind) or kind.address is None:
        return ""
    redact = Redactor(config.secrets).text
    try:
        return redact(kind.address(section.config))
    except Exception as error:  # noqa: BLE001 - foreign code raises anything
        owner = config.registry.owner("llm", kind.type)
        return redact(f"address raised {failure(error)}: a defect of {owner}")


def one_at_a_time(config: Config, *, full_speed: bool) -> list[str]:
    """Tell who lets several traders decide at a time that on this clock they take turns."""
    most = config.max_concurrent_decisions
    if most == 1 or config.clock.start is None or not (full_speed or config.clock.is_lockstep):
        return []
    note = f"max_concurrent_decisions is {most}: it has no effect while time stands still for "
    return [f"{note}whoever decides; there one trader decides after the other"]


def idle_timeouts(config: Config) -> list[str]:
    """Name sections whose timeout lowers none of the limits that calls have anyway."""
    from nof0_core.execution.limits import EXCHANGE_VERBS, LIMITS, MARKET_VERBS

    notes = []
    for what, sections, verbs in (
        ("market", config.markets, MARKET_VERBS),
        ("exchange", config.exchanges, EXCHANGE_VERBS),
    ):
        highest = max(getattr(LIMITS, verb) for verb in verbs)
        notes += [
            f"{section.place.file}:{section.place.line}: {what} section {section.name}: a timeout "
            f"of {written(section.timeout)} has no effect: it only lowers limits, and no call "
            f"there may take longer than {highest:g} s anyway"
            for section in sections.values()
            if section.timeout is not None and section.timeout.total_seconds() >= highest
        ]
    return notes
