"""`nof0 init` asks a person, and what comes of it passes the check."""

from __future__ import annotations

import json

import pytest
from called import Called
from terminal import run_on

from nof0_core.cli.init import starter_files
from nof0_core.cli.init_answers import Answers, applied, env_example, providers
from nof0_core.project import load_config

SECRET = "sk-canary-" + 30 * "7"


@pytest.fixture(scope="module")
def shipped():
    return {str(name): source.read_text(encoding="utf-8") for name, source in starter_files()}


def test_answers_on_a_terminal_are_what_is_written(tmp_path):
    typed = [
        ("model [none]: ", "mistral"),
        ("its name at the provider [mistral-medium-latest]: ", "my-model: 1"),
        ("(empty: later): ", SECRET),
        ("XRP]: ", "btc, XYZ"),
        ("XRP]: ", "btc, doge"),
        ("[10000]: ", "50"),
        ("[10000]: ", "25,000"),
    ]
    code, drawn = run_on(80, 24, ["init", "here"], cwd=tmp_path, typed=typed)
    assert code == 0, drawn
    assert "the recording has BTC ETH SOL BNB DOGE XRP, not XYZ" in drawn
    assert "write an amount of at least 100" in drawn
    assert SECRET not in drawn
    project = Called(directory=tmp_path / "here")
    facts = json.loads(project.nof0("check", "--json").check().stdout)
    assert facts["total_equity_usd"] == "25000"
    model = facts["traders"][-1]
    assert (model["id"], model["name"], model["symbols"]) == (
        "mistral",
        "my-model: 1",
        ["BTC", "DOGE"],
    )
    secret = tmp_path / "here/etc/.env"
    assert secret.read_text() == f"MISTRAL_API_KEY={SECRET}\n"
    assert secret.stat().st_mode & 0o077 == 0
    assert "MISTRAL_API_KEY=\n" in (tmp_path / "here/etc/.env.example").read_text()


def test_scripts_are_asked_nothing(tmp_path):
    code, drawn = run_on(80, 24, ["init", "here", "--yes"], cwd=tmp_path)
    assert code == 0, drawn
    assert "capital" not in drawn
    for name, source in starter_files():
        assert (tmp_path / "here" / name).read_bytes() == source.read_bytes()


def test_every_provider_makes_a_configuration_that_passes(tmp_path, shipped):
    assert len(providers(shipped)) >= 12
    for number, (provider, usual) in enumerate(providers(shipped).items()):
        wanted = Answers(provider=provider, model_name=usual, key="k", coins=("SOL",))
        for name, text in applied(shipped, wanted).items():
            Called(directory=tmp_path / str(number)).write(name, text)
        config = load_config(tmp_path / str(number) / "etc/nof0.yaml")
        assert config.traders[-1].model.model_name == usual
        assert config.traders[-1].id == provider


def test_without_answers_the_files_stay_as_they_are(shipped):
    assert applied(shipped, Answers()) == shipped
    assert "Postgres__DataSource=\n" in env_example(shipped)
