"""Everything that can be known of a sweep before the first backtest: variants, windows, cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import attrs

from nof0_core.backtest.paid_models import estimates
from nof0_core.config.effective import text_digest
from nof0_core.config.model import Config
from nof0_core.config.tree import problem
from nof0_core.errors import ConfigError, Problem
from nof0_core.runtime.preview import preflight
from nof0_core.sweep.setting import Setting
from nof0_core.sweep.space import Pick, Variant
from nof0_core.sweep.treatments import treatment_name, treatment_of
from nof0_core.sweep.windows import Windows


@attrs.frozen(kw_only=True)
class Kind:
    """Variants that differ in numbers alone, by what they have in common.

    `config` is None where their values do not go together; `error` says why.
    """

    treatment: str = ""
    name: str = ""
    config: Config | None = None
    error: str = ""


@attrs.define
class Kinds:
    """The treatment of each variant; configurations are made once for those that are alike."""

    setting: Setting
    known: dict[Pick, Kind] = attrs.field(factory=dict)

    def of(self, variant: Variant) -> Kind:
        """Return what a variant is of."""
        if variant.kinds not in self.known:
            self.known[variant.kinds] = self._made(variant)
        return self.known[variant.kinds]

    def _made(self, variant: Variant) -> Kind:
        try:
            config = self.setting.config(variant)
        except ConfigError as error:
            return Kind(error="; ".join(str(error).splitlines()))
        return Kind(
            treatment=treatment_of(config, self.setting.code),
            name=treatment_name(config),
            config=config,
        )


def check_variants(setting: Setting, kinds: Kinds) -> dict[str, str]:
    """Look at each value once, with the others as they come first.

    Returns:
        The digests of the texts of all templates, by their files.

    Raises:
        ConfigError: with all problems, each where its value stands.
    """
    problems: dict[Problem, None] = {}
    prompts: dict[str, str] = {}
    seen: set[Pick] = set()
    for variant in setting.asked.space.corners():
        try:
            config = setting.config(variant)
            problems.update(dict.fromkeys([*_secrets(config, variant), *config.misfits]))
            if variant.kinds not in seen:
                seen.add(variant.kinds)
                preflight(config)
                kinds.of(variant)
        except ConfigError as error:
            problems.update(dict.fromkeys(error.problems))
            continue
        writer = {str(path): text_digest(text) for path, text in config.templates.items()}
        prompts.update(writer)
    if problems:
        raise ConfigError(sorted(problems, key=lambda one: (one.file, one.line)))
    return prompts


def _secrets(config: Config, variant: Variant) -> Iterator[Problem]:
    """Refuse to vary what results must not show."""
    for one in variant.overrides:
        text = getattr(one.node, "text", None)
        if text and text in config.secrets:
            yield problem(one.node.place, "is a secret, which results would show")


@attrs.frozen(kw_only=True)
class Cost:
    """What models may cost in all, at most: calls and USD by model; None: a model has no price."""

    model: str
    calls: int
    usd: Decimal | None

    def __str__(self) -> str:
        cost = "at an unknown price" if self.usd is None else f"up to {self.usd:.2f} USD"
        return f"{self.model} is asked up to {self.calls:,} times, {cost}"


def costs_of(kinds: Kinds, counts: dict[Pick, int], windows: Windows, seeds: int) -> list[Cost]:
    """Reckon what all jobs cost whose models are asked over the network.

    Args:
        kinds: with those of `counts`.
        counts: how many variants there are of each kind.
        windows: the windows. Of folds the test is reckoned once for each variant, too: which is
            chosen is not known.
        seeds: how many seeds.
    """
    found: dict[str, Cost] = {}
    for kind, count in counts.items():
        config = kinds.known[kind].config
        if config is None:
            continue
        for window in windows.all:
            for one in estimates(config, window):
                before = found.get(one.model, Cost(model=one.model, calls=0, usd=Decimal(0)))
                times = count * seeds
                usd = (
                    None if one.usd is None or before.usd is None else before.usd + one.usd * times
                )
                calls = before.calls + one.cycles * times
                found[one.model] = Cost(model=one.model, calls=calls, usd=usd)
    return list(found.values())
