"""A configuration and the first prompt of its traders, as commands of plugins get them."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import anyio
import pytest

import nof0_core.project
from nof0_core.errors import ConfigError, UsageError
from nof0_core.plugins.registry import PluginRegistry
from nof0_core.project import data_directory, load_config, preview, running_engine

ROOT = Path(__file__).parents[4]


@pytest.fixture
def main_file(tmp_path):
    for folder in ("etc", "prompts"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path / "etc" / "nof0.yaml"


def test_a_data_directory_moves_all_a_run_keeps(main_file, tmp_path):
    config = load_config(main_file, data_dir=tmp_path / "there")
    assert config.state_dir == tmp_path / "there"
    assert config.state_file.is_relative_to(config.state_dir)
    assert config.data_path.is_relative_to(config.state_dir)
    assert data_directory(main_file) == load_config(main_file).state_dir


def test_where_data_are_is_known_without_plugins_and_whatever_else_is_wrong(main_file, monkeypatch):
    monkeypatch.setattr(PluginRegistry, "take", None)
    for name in ("llm", "executor", "exchange", "market"):
        main_file.with_name(f"{name}.yaml").write_text("nonsense: [")
    assert data_directory(main_file) == main_file.parents[1] / "data"
    assert running_engine(data_directory(main_file)) is None


def test_a_data_directory_that_is_none_is_told(main_file, tmp_path):
    with pytest.raises(UsageError, match="there is no data directory"):
        data_directory(main_file, tmp_path / "nowhere")


def test_a_prompt_is_that_of_the_start_of_the_recording(main_file):
    config = load_config(main_file)
    found = anyio.run(preview, config, "holder")
    assert found.context.time == config.clock.start
    assert found.prompt.messages[1].content.startswith("It is 2025-07-23 00:00 UTC.")
    assert (found.trader.id, found.missing, found.is_sample) == ("holder", (), False)


def test_a_sample_opens_nothing(main_file):
    config = load_config(main_file)
    found = anyio.run(partial(preview, config, "holder", is_sample=True))
    assert found.context.limits == found.trader.limits
    assert not config.state_dir.exists()


def test_templates_that_cannot_be_used_are_refused_before_the_market_is_opened(main_file):
    template = load_config(main_file).traders[0].user_template
    template.write_text("{# Version: 1 #}{{ nonsense }}")
    config = load_config(main_file)
    with pytest.raises(ConfigError, match="nonsense"):
        anyio.run(preview, config, config.traders[0].id)
    assert not config.state_dir.exists()


def test_no_name_of_the_package_is_hidden_by_a_module_of_it():
    folder = Path(nof0_core.project.__file__).parent
    assert not {path.stem for path in folder.iterdir()} & set(nof0_core.project.__all__)
