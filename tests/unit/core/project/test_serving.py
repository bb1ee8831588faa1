"""The part of a configuration that serving reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nof0_core.errors import ConfigError, PluginError
from nof0_core.plugins import load_plugins
from nof0_core.plugins.registry import PluginRegistry
from nof0_core.project import load_serving

ROOT = Path(__file__).parents[4]


@pytest.fixture
def etc(tmp_path):
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    return tmp_path / "etc"


def add(file, text):
    file.write_text(file.read_text() + text)


def test_it_knows_address_and_files(etc):
    config = load_serving(etc / "nof0.yaml", environ={})
    assert (config.host, config.port) == ("127.0.0.1", 8888)
    assert config.data_path == etc.parent / "data" / "api"
    assert config.metrics_file == etc.parent / "data" / "exporter" / "prometheus" / "nof0.prom"


def test_a_data_directory_moves_both(etc, tmp_path):
    config = load_serving(etc / "nof0.yaml", environ={}, data_dir=tmp_path / "d")
    assert config.data_path == tmp_path / "d" / "api"
    assert config.metrics_file.is_relative_to(tmp_path / "d")


def test_an_exporter_that_writes_elsewhere_is_followed(etc, tmp_path):
    add(etc / "nof0.yaml", f"\nExporters:\n  - type: json\n    path: {tmp_path}/elsewhere\n")
    assert load_serving(etc / "nof0.yaml").data_path == tmp_path / "elsewhere"


def test_no_key_and_no_other_file_is_needed(etc):
    for name in ("llm", "executor", "exchange", "market"):
        (etc / f"{name}.yaml").write_text("nonsense: [")
    load_serving(etc / "nof0.yaml", environ={})
    load_serving(etc / "live.yaml", environ={})


@pytest.mark.parametrize(
    "origin", ["example.org", "https://example.org/", "https://Example.org", "null", "ftp://a"]
)
def test_what_no_browser_sends_as_an_origin_is_refused(etc, origin):
    add(etc / "nof0.yaml", f"\nCors:\n  AllowOrigins: ['{origin}']\n")
    with pytest.raises(ConfigError, match="is not an origin") as caught:
        load_serving(etc / "nof0.yaml", environ={})
    assert caught.value.problems[0].path == "Cors.AllowOrigins.0"


def test_origins_are_read(etc):
    add(etc / "nof0.yaml", "\nCors:\n  AllowOrigins: ['https://a.example', 'http://[::1]:3000']\n")
    config = load_serving(etc / "nof0.yaml", environ={})
    assert config.allow_origins == ("https://a.example", "http://[::1]:3000")


@pytest.mark.parametrize(
    "host", ["https://a.example", "a.example:80", "A.example", "", "*.x", "a/b"]
)
def test_what_is_no_host_name_is_refused(etc, host):
    add(etc / "nof0.yaml", f"\nAllowHosts: ['{host}']\n")
    with pytest.raises(ConfigError, match="is not a host name") as caught:
        load_serving(etc / "nof0.yaml", environ={})
    assert caught.value.problems[0].path == "AllowHosts.0"


def test_names_of_the_server_are_read(etc):
    add(etc / "nof0.yaml", "\nAllowHosts: [nof0.example.org, box]\n")
    config = load_serving(etc / "nof0.yaml", environ={})
    assert config.allow_hosts == ("nof0.example.org", "box")


def test_without_the_package_it_is_said_which_one_to_install():
    with pytest.raises(PluginError) as caught:
        PluginRegistry().companion("serve")
    assert "it is part of this project: pip install nof0-api" in caught.value.hints


def test_the_installed_companion_is_found():
    assert load_plugins().companion("serve").name == "serve"
