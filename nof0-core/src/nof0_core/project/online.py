"""Looking around before a run: each kind asks the world outside what it would depend on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import anyio
import attrs

from nof0_core.border.findings import checked_findings
from nof0_core.border.foreign import Origin, causes
from nof0_core.border.values import SHOWN
from nof0_core.cancellation import Apart
from nof0_core.config.model import Config, Section
from nof0_core.domain.finding import Finding, FindingLevel
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.project.outside_a_run import sections_outside_a_run
from nof0_core.runtime import origins
from nof0_core.runtime.sections import Sections

WITHIN = 20.0
"""Seconds of real time that one section may take."""
BREAKING_OFF = 1.0
_NAMES = {"llm": "backend"}


@attrs.frozen(kw_only=True)
class SectionFindings:
    """What was found out of one section; no findings: its kind looks at nothing.

    `is_left_behind` tells that the check neither answered nor could be broken off.
    """

    family: str
    section: str
    place: str
    findings: tuple[Finding, ...] = ()
    is_left_behind: bool = False

    @property
    def has_problem(self) -> bool:
        """Tell whether a run would fail on something."""
        return any(finding.level is FindingLevel.PROBLEM for finding in self.findings)


async def look_online(config: Config, *, within: float = WITHIN) -> tuple[SectionFindings, ...]:
    """Let the kind of every section in use look around, all at the same time; opens no section.

    What a check raises, or that it takes longer than `within` (seconds of real time), is a problem
    of its section and harms no other.
    """
    found: dict[tuple[str, str], SectionFindings] = {}
    async with sections_outside_a_run(config) as (_, sections):

        async def one(family: str, section: Section) -> None:
            found[family, section.name] = await _look(config, sections, family, section, within)

        async with anyio.create_task_group() as tasks:
            for family, section in _used(config):
                tasks.start_soon(one, family, section)
    return tuple(found[family, section.name] for family, section in _used(config))


def _used(config: Config) -> Iterator[tuple[str, Section]]:
    for family, used in (
        ("market", config.markets.values()),
        ("exchange", config.exchanges.values()),
        ("llm", config.backends.values()),
        ("exporter", config.exporters),
    ):
        for section in used:
            yield family, section


async def _look(
    config: Config, sections: Sections, family: str, section: Section, within: float
) -> SectionFindings:
    place = f"{Path(section.place.file).name}:{section.place.line}"
    nothing = SectionFindings(family=_NAMES.get(family, family), section=section.name, place=place)
    kind: ServiceKind[object, object] = section.kind
    if kind.check_online is None:
        return nothing
    origin = origins.of_section(config, family, section)
    env, tasks = sections.outside_a_run(family, section)
    ask = kind.check_online

    async def work() -> object:
        return await ask(section.config, env)

    apart = Apart(work)
    is_done = await apart.is_done(within)
    is_left = not is_done and not await apart.break_off(BREAKING_OFF)
    await tasks.end()
    said: tuple[Finding, ...]
    if not is_done:
        said = (_problem(origin, f"no answer within {within:g} s"),)
    elif apart.error is not None:
        raised = causes(apart.error, origin.redact)
        said = (_problem(origin, f"check_online raised {raised}: a defect of {origin.plugin}"),)
    else:
        said = _read(origin, apart.answer)
    return attrs.evolve(nothing, findings=said, is_left_behind=is_left)


def _read(origin: Origin, answer: object) -> tuple[Finding, ...]:
    try:
        findings = checked_findings(answer)
    except ValueError as error:
        return (_problem(origin, f"check_online {error}: a defect of {origin.plugin}"),)
    line = partial(_line, origin)
    return tuple(attrs.evolve(one, sentence=line(one.sentence)) for one in findings)


def _problem(origin: Origin, sentence: str) -> Finding:
    return Finding(level=FindingLevel.PROBLEM, sentence=_line(origin, sentence))


def _line(origin: Origin, sentence: str) -> str:
    words = " ".join(origin.redact(sentence).split())
    line = "".join(letter if letter.isprintable() else "?" for letter in words)
    return line if len(line) <= 2 * SHOWN else f"{line[: 2 * SHOWN]}…"
