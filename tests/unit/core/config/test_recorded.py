"""A configuration comes back from the journal as it was, as far as decisions depend on it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import attrs
import pytest

from nof0_core.config import load
from nof0_core.config.effective import digest_of
from nof0_core.config.recorded import pricing_of, recorded_trader
from nof0_core.errors import UsageError
from nof0_core.plugins import PluginRegistry, load_plugins
from nof0_core.runtime.compatibility import pricing

ROOT = Path(__file__).parents[4]
MAINS = sorted((ROOT / "etc").glob("*.yaml"))
VARIABLES = {
    name
    for path in (ROOT / "etc").rglob("*.yaml")
    for name in re.findall(
        r"\$\{([A-Z]+_(?:API_KEY|PRIVATE_KEY|MAIN_ADDRESS))\}", path.read_text(encoding="utf-8")
    )
}
NOT_BACK = {
    "is_baseline", "color", "fallbacks", "budget", "indicators", "model", "journal_dir",
    "system_template", "user_template", "stop_deadline", "quote_deadline", "check_places",
}  # fmt: skip
"""What a trader's decisions do not depend on, or is compared by itself."""


def main_files():
    return [path for path in MAINS if "LLM:" in path.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def registry():
    return load_plugins()


@pytest.fixture(params=main_files(), ids=lambda path: path.name)
def config(request, registry):
    keys = {name: "0x" + "11" * (20 if "ADDRESS" in name else 32) for name in VARIABLES}
    return load(request.param, registry, environ=keys)


def document(config):
    """The document as a journal gives it back."""
    return json.loads(json.dumps(config.document))


def test_traders_come_back(config, registry):
    for trader in config.traders:
        found = recorded_trader(document(config), trader.id, registry)
        for field in attrs.fields(type(trader)):
            if field.name not in NOT_BACK:
                assert getattr(found.config, field.name) == getattr(trader, field.name), field.name
        assert found.indicators == config.indicators_of(trader)
        assert found.intervals == config.intervals
        assert found.max_prompt_tokens == config.max_prompt_tokens
        assert found.config.model.name == trader.model.name
        for mine, file in (
            (found.system, trader.system_template),
            (found.user, trader.user_template),
        ):
            assert (config.file.parent / mine.file).resolve() == file.resolve()


def test_rules_come_back_with_their_parameters(config, registry):
    for trader in config.traders:
        found = recorded_trader(document(config), trader.id, registry)
        assert (found.rule is not None) is trader.is_baseline
        if found.rule is not None:
            assert found.config.model.params == trader.model.params
            assert found.rule[1] == config.backends[trader.model.backend].config


def test_venue_accounts_are_valued_with_the_same_markets(config):
    assert pricing_of(document(config)) == pricing(config)


def test_the_document_is_the_one_that_its_digest_names(config):
    assert digest_of(document(config)) == config.digest


def test_without_the_package_of_a_rule_there_is_none(registry):
    config = load(ROOT / "etc" / "nof0.yaml", registry)
    found = recorded_trader(document(config), config.traders[0].id, PluginRegistry())
    assert found.rule is None


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d["Manager"]["traders"].clear(), "KeyError"),
        (lambda d: d["Manager"].pop("traders"), "KeyError: 'traders'"),
        (lambda d: d["Manager"]["traders"][0].update(decision_interval="soon"), "soon"),
        (lambda d: d["Manager"]["traders"][0]["limits"].update(max_positions="many"), "int"),
        (lambda d: d["Manager"]["traders"][0].update(slippage_bps="x"), "slippage_bps"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_trader(registry, spoil, message):
    config = load(ROOT / "etc" / "nof0.yaml", registry)
    spoilt = document(config)
    name = config.traders[0].id
    spoil(spoilt)
    with pytest.raises(UsageError) as error:
        recorded_trader(spoilt, name, registry)
    assert f"the configuration of {name} cannot be read" in str(error.value)
    assert message in str(error.value) or message == "slippage_bps"


def test_a_check_that_has_a_secret_is_refused(registry):
    config = load(ROOT / "etc" / "nof0.yaml", registry)
    spoilt = document(config)
    entry = spoilt["Manager"]["traders"][0]
    entry["risk_checks"] = [{"type": "asks_somebody", "options": {"key": "***"}}]
    with pytest.raises(UsageError, match="the risk check asks_somebody of .* has a secret"):
        recorded_trader(spoilt, entry["id"], registry)
