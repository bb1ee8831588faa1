"""Single keys that are set from elsewhere, and judged where they stand."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from nof0_core.config.loading import Reading, load
from nof0_core.config.model import Place
from nof0_core.config.overriding import Override
from nof0_core.config.tree import Scalar
from nof0_core.errors import ConfigError
from nof0_core.plugins import load_plugins

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, folder / name)
    return Reading(folder / "etc" / "nof0.yaml", load_plugins(), environ={})


def value(path, text, kind="int"):
    node = Scalar(place=Place(file="sweep.yaml", line=7, path=path), text=text, kind=kind)
    return Override(path=path, node=node)


def problems(reading, *overrides, **more):
    with pytest.raises(ConfigError) as caught:
        reading.config(overrides, **more)
    return [str(each) for each in caught.value.problems]


def test_keys_of_every_file_are_set_and_the_rest_is_as_it_was(reading):
    config = reading.config(
        [
            value("Seed", "11"),
            value("LLM.models.ema-cross.params.size_pct", "20"),
            value("Executor.min_confidence", "60"),
            value("Manager.traders.cross_fast.risk_params.max_positions", "1"),
            value("Manager.traders.cross_fast.model", "mean-reversion", "text"),
        ]
    )
    traders = {str(one.id): one for one in config.traders}
    assert config.seed == 11
    assert config.models["ema-cross"].params.size_pct == Decimal(20)
    assert traders["cross_fast"].limits.max_positions == 1
    assert traders["reverter"].limits.max_positions == 3, "a merged block is each trader's own"
    assert traders["cross_fast"].model.name == "mean-reversion"
    plain = reading.config()
    assert plain.digest != config.digest
    assert plain.digest == load(plain.file, load_plugins(), environ={}).digest


def test_only_some_traders_take_part(reading):
    wanted = Scalar(place=Place(file="sweep.yaml", line=3, path="traders.0"), text="x", kind="text")
    [told] = problems(reading, traders=[wanted])
    assert told.startswith('sweep.yaml:3: traders.0: unknown trader "x"')
    wanted = Scalar(place=wanted.place, text="reverter", kind="text")
    assert [str(one.id) for one in reading.config(traders=[wanted]).traders] == ["reverter"]


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("LLM.models.ema-cross.params.fats", "3", 'unknown key, did you mean "fast"?'),
        ("LLM.models.ema-cros.params.fast", "3", 'LLM.models has no "ema-cros", did you mean'),
        ("Manager.traders.cross_fats.model", "3", 'traders has no "cross_fats", did you mean'),
        ("Executor.min_confidence", "300", "must be <= 100"),
        ("Executor", "300", "Executor is a file"),
        ("Sede", "3", 'unknown key, did you mean "Seed"?'),
        ("Executor.min_confidence.x", "3", "has no keys: it is 75"),
    ],
)
def test_what_cannot_be_set_is_told_where_it_was_asked_for(reading, path, text, said):
    [told] = problems(reading, value(path, text))
    assert told.startswith(f"sweep.yaml:7: {path}: ")
    assert said in told
    assert reading.config(), "the files are as they were"
