"""Every designed message, word for word, as the command line prints it."""

from __future__ import annotations

import textwrap

import pytest

from nof0_core.cli.report import describe
from nof0_core.errors import DuplicateKindError, PluginError, UnknownKindError
from nof0_core.plugins import load_plugins
from nof0_core.plugins.field_types import ALLOWED

OFFERING_ASYNC = """
@hookimpl
async def nof0_exchange_providers():
    return []
"""


def said(call):
    with pytest.raises(PluginError) as caught:
        call()
    return describe(caught.value)


def text(block):
    return textwrap.dedent(block).strip()


@pytest.fixture
def registry(install, exchange_source):
    """sim and hyperliquid are installed, acme does not load."""
    install("nof0-provider-hyperliquid", exchange_source("hyperliquid"), version="0.1.0")
    install("nof0-provider-acme", "import acme", version="0.3.0")
    return load_plugins(
        {"NOF0_PLUGINS": "nof0-provider-sim,nof0-provider-hyperliquid,nof0-provider-acme"}
    )


def test_unknown_kind(registry):
    assert said(lambda: registry.kind("exchange", "simm")) == text("""
        error: unknown exchange provider "simm"
          did you mean "sim"?
          installed:      hyperliquid  (nof0-provider-hyperliquid 0.1.0)
                          sim          (nof0-provider-sim 0.1.0)
          failed to load: nof0-provider-acme 0.3.0 — ModuleNotFoundError: No module named 'acme'
          to add one:     pip install nof0-provider-<venue>, then `nof0 plugins`
    """)


def test_unknown_kind_keeps_its_facts(registry):
    with pytest.raises(UnknownKindError) as caught:
        registry.kind("exchange", "simm")
    error = caught.value
    assert (error.family, error.type, error.suggestion) == ("exchange", "simm", "sim")
    assert error.known == ("hyperliquid", "sim")


def test_unknown_kind_with_nothing_installed():
    registry = load_plugins({"NOF0_PLUGINS": ""})
    assert said(lambda: registry.kind("market", "kraken")) == text("""
        error: unknown market provider "kraken"
          installed:      none
          to add one:     pip install nof0-provider-<venue>, then `nof0 plugins`
    """)


def test_first_party_kind_that_is_not_installed(monkeypatch):
    registry = load_plugins({"NOF0_PLUGINS": ""})
    registry.skipped.clear()
    assert said(lambda: registry.kind("exchange", "hyperliquid")) == text("""
        error: exchange provider "hyperliquid" is not installed
          it is part of this project: pip install nof0-provider-hyperliquid
    """)


def test_first_party_kind_that_is_switched_off():
    registry = load_plugins({"NOF0_DISABLE_PLUGINS": "nof0-provider-sim"})
    assert said(lambda: registry.kind("market", "sim")) == text("""
        error: market provider "sim" is switched off
          nof0-provider-sim is switched off by NOF0_PLUGINS or NOF0_DISABLE_PLUGINS
    """)


def test_first_party_kind_that_the_installed_version_lacks(install, exchange_source):
    install("nof0-llm", exchange_source("other"), version="0.0.9")
    registry = load_plugins({"NOF0_PLUGINS": "nof0-llm"})
    assert said(lambda: registry.kind("llm", "openai")) == text("""
        error: nof0-llm 0.0.9 offers no LLM backend "openai" yet
          a newer version may have it: pip install --upgrade nof0-llm
    """)


def test_first_party_kind_whose_package_does_not_load(install):
    install("nof0-provider-hyperliquid", "import eth_missing", version="0.1.0")
    registry = load_plugins({"NOF0_PLUGINS": "nof0-provider-hyperliquid"})
    assert "failed to load: nof0-provider-hyperliquid 0.1.0 — ModuleNotFoundError" in said(
        lambda: registry.kind("exchange", "hyperliquid")
    )


def test_duplicate_kind(install, exchange_source):
    install("acme-nof0", exchange_source("sim"), version="2.3", module="acme_nof0.sim")
    with pytest.raises(DuplicateKindError) as caught:
        load_plugins({"NOF0_PLUGINS": "acme-nof0,nof0-provider-sim"})
    assert describe(caught.value) == text("""
        error: two plugins offer exchange provider "sim"
          nof0-provider-sim 0.1.0   nof0_provider_sim.plugin
          acme-nof0 2.3             acme_nof0.sim
          uninstall one, or start with NOF0_DISABLE_PLUGINS=acme-nof0
    """)


def test_the_way_out_of_a_duplicate_works(install, exchange_source):
    install("acme-nof0", exchange_source("sim"), version="2.3", module="acme_nof0.sim")
    registry = load_plugins({"NOF0_DISABLE_PLUGINS": "acme-nof0"})
    assert registry.owner("exchange", "sim").distribution == "nof0-provider-sim"


def test_misspelled_hook(install):
    install("acme-nof0", "@hookimpl\ndef nof0_exchange_provider():\n    return []\n", version="2.3")
    assert said(lambda: load_plugins({"NOF0_PLUGINS": "acme-nof0"})) == text("""
        error: plugin acme-nof0 2.3 implements an unknown hook "nof0_exchange_provider"
          did you mean "nof0_exchange_providers"?
    """)


def test_a_hook_of_a_newer_core_may_be_optional(install, exchange_source):
    source = exchange_source("acme") + (
        "\n    @hookimpl(optionalhook=True)\n    def nof0_later():\n        return []\n"
    )
    install("acme-nof0", source)
    assert load_plugins({"NOF0_PLUGINS": "acme-nof0"}).kind("exchange", "acme")


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        pytest.param(
            OFFERING_ASYNC,
            'implements "nof0_exchange_providers" as a coroutine',
            "hooks are called while plugins load, without an event loop: use plain def",
            id="coroutine",
        ),
        pytest.param(
            "def nof0_exchange_providers():\n    return []\n",
            'defines "nof0_exchange_providers" without marking it as a hook',
            "put @hookimpl above it",
            id="unmarked",
        ),
        pytest.param(
            "value = 1\n",
            "implements no hook",
            "mark a function such as nof0_exchange_providers with @hookimpl",
            id="empty",
        ),
    ],
)
def test_broken_contract(install, source, message, hint):
    install("acme-nof0", source, version="2.3")
    assert said(lambda: load_plugins({"NOF0_PLUGINS": "acme-nof0"})) == (
        f"error: plugin acme-nof0 2.3 {message}\n  {hint}"
    )


def test_a_hook_with_arguments_nobody_gives_is_refused(install):
    install("acme-nof0", "@hookimpl\ndef nof0_exchange_providers(config):\n    return []\n")
    assert "does not fit its hook" in said(lambda: load_plugins({"NOF0_PLUGINS": "acme-nof0"}))


def test_one_plugin_offering_a_kind_twice(install):
    install(
        "acme-nof0",
        """
        @attrs.frozen(kw_only=True)
        class Config:
            pass

        KIND = ExchangeKind(type="acme", config=Config, open=print, summary="")

        @hookimpl
        def nof0_exchange_providers():
            return [KIND, KIND]
        """,
    )
    assert said(lambda: load_plugins({"NOF0_PLUGINS": "acme-nof0"})) == text("""
        error: plugin acme-nof0 1.0 offers exchange provider "acme" twice
          uninstall it, or start with NOF0_DISABLE_PLUGINS=acme-nof0
    """)


TWO_BAD = """
class Config:
    pass

@attrs.frozen(kw_only=True)
class Phase:
    x: complex = 0

@hookimpl
def nof0_exchange_providers():
    return [
        ExchangeKind(type="one", config=Config, open=print, summary=""),
        ExchangeKind(type="two", config=Phase, open=print, summary=""),
    ]

@hookimpl
def nof0_llm_backends():
    return [ServiceKind(type="three", config=Phase, open=print, summary="")]
"""


def test_everything_wrong_with_one_plugin_is_said_at_once(install):
    install("acme-nof0", TWO_BAD, version="2.3")
    assert said(lambda: load_plugins({"NOF0_PLUGINS": "acme-nof0"})) == text(f"""
        error: 3 things are wrong with plugin acme-nof0 2.3
          plugin acme-nof0 2.3 offers exchange provider "one", but its config \
<class 'acme_nof0_plugin.Config'> is not an attrs class
            uninstall it, or start with NOF0_DISABLE_PLUGINS=acme-nof0
          plugin acme-nof0 2.3 offers exchange provider "two", but its config field Phase.x has a \
type the configuration cannot read: complex
            types: {ALLOWED}
          plugin acme-nof0 2.3 offers LLM backend "three" as a ServiceKind, which is not a \
BackendKind
            from nof0_core import BackendKind
    """)


def test_everything_wrong_with_all_plugins_is_said_at_once(install, exchange_source):
    install("acme-nof0", "@hookimpl\ndef nof0_exchange_provider():\n    return []\n", version="2.3")
    install("beta-nof0", exchange_source("sim"))
    install("crab-nof0", exchange_source("crab", config="int"))
    with pytest.raises(PluginError) as caught:
        load_plugins({"NOF0_PLUGINS": "acme-nof0,beta-nof0,crab-nof0,nof0-provider-sim"})
    assert describe(caught.value) == text("""
        error: 3 things are wrong with plugins
          plugin acme-nof0 2.3 implements an unknown hook "nof0_exchange_provider"
            did you mean "nof0_exchange_providers"?
          plugin crab-nof0 1.0 offers exchange provider "crab", but its config <class 'int'> is \
not an attrs class
            uninstall it, or start with NOF0_DISABLE_PLUGINS=crab-nof0
          two plugins offer exchange provider "sim"
            nof0-provider-sim 0.1.0   nof0_provider_sim.plugin
            beta-nof0 1.0             beta_nof0_plugin
            uninstall one, or start with NOF0_DISABLE_PLUGINS=beta-nof0
    """)
    assert [type(one) for one in caught.value.faults][2] is DuplicateKindError


def test_a_hook_that_forgets_to_return_is_named(install):
    install("acme-nof0", "@hookimpl\ndef nof0_risk_checks():\n    pass\n", version="2.3")
    [failed] = load_plugins({"NOF0_PLUGINS": "acme-nof0"}).failed
    assert failed.reason == (
        "nof0_risk_checks returned None; return a list of PolicyKind (acme_nof0_plugin.py:4)"
    )


COMPANION = """
from nof0_core import Companion

@hookimpl
def nof0_companions():
    return [Companion(name={name!r}, summary="says hello", open=print)]
"""


class TestCompanions:
    def test_an_unknown_name_is_answered_with_what_there_is(self, install):
        install("acme-nof0", COMPANION.format(name="greeter"), version="2.3")
        install("bad-nof0", "import acme", version="0.3")
        registry = load_plugins({"NOF0_PLUGINS": "acme-nof0,bad-nof0,nof0-api"})
        assert said(lambda: registry.companion("greter")) == text("""
            error: no plugin offers a companion "greter"
              did you mean "greeter"?
              installed:      greeter  (acme-nof0 2.3)
                              serve    (nof0-api 0.1.0)
              failed to load: bad-nof0 0.3 — ModuleNotFoundError: No module named 'acme'
        """)

    def test_that_of_this_project_is_switched_off(self):
        registry = load_plugins({"NOF0_PLUGINS": ""})
        assert said(lambda: registry.companion("serve")) == text("""
            error: no plugin offers a companion "serve"
              nof0-api is switched off by NOF0_PLUGINS or NOF0_DISABLE_PLUGINS
              installed:      none
        """)

    def test_two_plugins_may_not_offer_the_same(self, install):
        install("acme-nof0", COMPANION.format(name="serve"), version="2.3")
        assert said(lambda: load_plugins({"NOF0_PLUGINS": "acme-nof0,nof0-api"})) == text("""
            error: two plugins offer companion "serve"
              nof0-api 0.1.0   nof0_api.plugin
              acme-nof0 2.3    acme_nof0_plugin
              uninstall one, or start with NOF0_DISABLE_PLUGINS=acme-nof0
        """)

    @pytest.mark.parametrize(
        ("source", "what"),
        [
            (
                COMPANION.format(name="A b"),
                'offers companion "A b", but a name is made of lower-case letters, digits, - and _',
            ),
            (
                COMPANION.format(name="a").replace("open=print", "open=None"),
                'offers companion "a", but its open is not a function: None',
            ),
            (
                "@hookimpl\ndef nof0_companions():\n    return [1]\n",
                "offers 1 as companion, which is not a Companion",
            ),
        ],
    )
    def test_one_that_could_not_be_started_is_refused(self, install, source, what):
        install("acme-nof0", source, version="2.3")
        assert said(lambda: load_plugins({"NOF0_PLUGINS": "acme-nof0"})) == (
            f"error: plugin acme-nof0 2.3 {what}\n"
            "  uninstall it, or start with NOF0_DISABLE_PLUGINS=acme-nof0"
        )
