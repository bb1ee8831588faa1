"""Which plugins are found, in what order, and what keeps one out."""

from __future__ import annotations

import sys
import textwrap
import threading

import pytest

from nof0_core.errors import PluginError
from nof0_core.plugins import importing, load_plugins


def types(registry, family="exchange"):
    return [kind.type for kind in registry.kinds(family)]


def test_core_offers_its_own_kinds_through_the_same_hooks():
    registry = load_plugins({"NOF0_PLUGINS": ""})
    assert [str(p) for p in registry.plugins] == ["nof0-core 0.1.0"]
    assert types(registry, "allocator") == ["equal", "fixed", "performance_based"]
    assert types(registry, "exporter") == ["json", "prometheus", "redis", "sql", "webhook"]
    assert "confidence" in types(registry, "risk")


def test_core_offers_no_market_exchange_or_model():
    registry = load_plugins({"NOF0_PLUGINS": ""})
    assert [types(registry, family) for family in ("market", "exchange", "llm")] == [[], [], []]


def test_an_installed_plugin_is_found_with_its_owner(install, exchange_source):
    install("acme-nof0", exchange_source("acme"), version="2.3", module="acme_nof0.venue")
    registry = load_plugins({"NOF0_PLUGINS": "acme-nof0"})
    owner = registry.owner("exchange", "acme")
    assert (str(owner), owner.module) == ("acme-nof0 2.3", "acme_nof0.venue")
    assert registry.kind("exchange", "acme").summary == "a test"


def test_order_is_core_first_then_by_distribution(install, exchange_source):
    install("zeta-nof0", exchange_source("zeta"))
    install("alpha-nof0", exchange_source("alpha"))
    registry = load_plugins({"NOF0_PLUGINS": "zeta-nof0, alpha-nof0"})
    names = [plugin.distribution for plugin in registry.plugins]
    assert names == ["nof0-core", "alpha-nof0", "zeta-nof0"]


def test_two_distributions_may_give_their_entry_points_the_same_name(install, exchange_source):
    install("alpha-nof0", exchange_source("alpha"), entry="venue")
    install("beta-nof0", exchange_source("beta"), entry="venue")
    assert types(load_plugins({"NOF0_PLUGINS": "alpha-nof0,beta-nof0"})) == ["alpha", "beta"]


def test_a_plugin_that_does_not_import_is_kept_as_failed_and_stops_nothing(
    install, exchange_source
):
    install("broken-nof0", "import no_such_library", version="0.3")
    install("sound-nof0", exchange_source("sound"))
    registry = load_plugins({"NOF0_PLUGINS": "broken-nof0,sound-nof0"})
    assert types(registry) == ["sound"]
    [failed] = registry.failed
    assert str(failed) == "broken-nof0 0.3"
    assert failed.reason == "ModuleNotFoundError: No module named 'no_such_library'"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("raise SystemExit", "SystemExit"),
        ("class Odd(BaseException):\n    pass\nraise Odd('x')", "Odd: x"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise MemoryError", "MemoryError"),
        ("open('/no/such/file')", "FileNotFoundError: [Errno 2] No such file or directory: "),
        ("1 +", "SyntaxError: invalid syntax (broken_nof0_plugin.py, line 4)"),
    ],
)
def test_whatever_an_import_raises_the_others_load(install, exchange_source, source, reason):
    install("broken-nof0", source)
    install("sound-nof0", exchange_source("sound"))
    registry = load_plugins({"NOF0_PLUGINS": "broken-nof0,sound-nof0"})
    assert types(registry) == ["sound"]
    [failed] = registry.failed
    assert failed.reason.startswith(reason)


def test_ctrl_c_during_an_import_is_no_defect_of_the_plugin(install):
    install("broken-nof0", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_plugins({"NOF0_PLUGINS": "broken-nof0"})


def test_an_import_that_takes_long_is_told_while_it_goes_on(install, exchange_source, monkeypatch):
    """The import waits until it has been told twice."""
    told = []

    def say(line):
        told.append(line)
        if len(told) == 2:
            importing.enough.set()

    monkeypatch.setattr(importing, "enough", threading.Event(), raising=False)
    monkeypatch.setattr(importing, "PATIENCE", 0.01)
    monkeypatch.setattr(importing, "say", say)
    wait = "from nof0_core.plugins import importing\nassert importing.enough.wait(60)\n"
    install("slow-nof0", wait + textwrap.dedent(exchange_source("slow")), version="1.5")
    assert types(load_plugins({"NOF0_PLUGINS": "slow-nof0"})) == ["slow"]
    assert told[:2] == [
        f"warning: plugin slow-nof0 1.5 has been importing for {seconds} s; uninstall it, or start "
        "with NOF0_DISABLE_PLUGINS=slow-nof0"
        for seconds in ("0.01", "0.02")
    ]


def test_all_hooks_that_fail_are_told(install):
    install(
        "broken-nof0",
        """
        @hookimpl
        def nof0_exchange_providers():
            return None

        @hookimpl
        def nof0_companions():
            return 1 / 0

        @hookimpl
        def nof0_risk_checks():
            raise SystemExit
        """,
    )
    [failed] = load_plugins({"NOF0_PLUGINS": "broken-nof0"}).failed
    assert failed.reason == (
        "nof0_exchange_providers returned None; return a list of ExchangeKind"
        " (broken_nof0_plugin.py:5); "
        "nof0_risk_checks raised SystemExit (broken_nof0_plugin.py:15); "
        "nof0_companions raised ZeroDivisionError: division by zero (broken_nof0_plugin.py:11)"
    )


def test_all_bad_kinds_of_a_plugin_are_told_and_types_no_configuration_has(install):
    install(
        "broken-nof0",
        """
        @attrs.frozen(kw_only=True)
        class Config:
            x: complex = 1j

        @hookimpl
        def nof0_exchange_providers():
            return [ExchangeKind(type="one", config=Config, open=print, summary="")]

        @hookimpl
        def nof0_market_providers():
            yield ServiceKind(type="Two", config=Config, open=print, summary="")
            yield 7

        @hookimpl
        def nof0_risk_checks():
            return None
        """,
    )
    with pytest.raises(PluginError) as told:
        load_plugins({"NOF0_PLUGINS": "broken-nof0"})
    said = [str(fault) for fault in told.value.faults]
    assert len(said) == 4
    for words, one in zip(
        (
            'offers market provider "Two", but a type is made of lower-case letters',
            "offers 7 as market provider, which is not a ServiceKind",
            (
                'offers exchange provider "one", but its config field Config.x has a type the '
                "configuration cannot read: complex"
            ),
            "nof0_risk_checks returned None; return a list of PolicyKind",
        ),
        said,
        strict=True,
    ):
        assert words in one


def test_a_hook_that_raises_counts_as_failed(install):
    install("broken-nof0", "@hookimpl\ndef nof0_exchange_providers():\n    return 1 / 0\n")
    registry = load_plugins({"NOF0_PLUGINS": "broken-nof0"})
    assert registry.failed[0].reason == (
        "nof0_exchange_providers raised ZeroDivisionError: division by zero"
        " (broken_nof0_plugin.py:6)"
    )
    assert len(registry.plugins) == 1


def test_a_hook_that_raises_while_yielding_leaves_nothing_behind(install):
    install(
        "broken-nof0",
        """
        @attrs.frozen(kw_only=True)
        class Config:
            pass

        @hookimpl
        def nof0_exchange_providers():
            yield ExchangeKind(type="half", config=Config, open=print, summary="")
            raise RuntimeError("later")
        """,
    )
    registry = load_plugins({"NOF0_PLUGINS": "broken-nof0"})
    assert types(registry) == []
    assert registry.failed[0].reason == (
        "nof0_exchange_providers raised RuntimeError: later (broken_nof0_plugin.py:12)"
    )


def test_a_plugin_for_another_api_is_explained_without_being_imported(install, exchange_source):
    module = install("future-nof0", exchange_source("future"), group="nof0.v2")
    registry = load_plugins({"NOF0_PLUGINS": "future-nof0"})
    assert registry.failed[0].reason == "targets plugin API v2, this nof0 speaks v1"
    assert module not in sys.modules


def test_the_allow_list_leaves_everything_else_out_without_importing_it(install, exchange_source):
    module = install("acme-nof0", exchange_source("acme"))
    registry = load_plugins({"NOF0_PLUGINS": "nof0-provider-sim"})
    assert types(registry) == ["sim"]
    assert "acme-nof0" in registry.skipped
    assert module not in sys.modules


@pytest.mark.parametrize("name", ["acme-nof0", "Acme_Nof0", "acme.nof0"])
def test_a_disabled_plugin_is_not_imported_however_its_name_is_written(
    install, exchange_source, name
):
    module = install("acme-nof0", exchange_source("acme"))
    registry = load_plugins({"NOF0_DISABLE_PLUGINS": name})
    assert "acme" not in types(registry)
    assert module not in sys.modules


def test_an_allow_list_that_names_nothing_installed_is_an_error():
    with pytest.raises(PluginError) as caught:
        load_plugins({"NOF0_PLUGINS": "nof0-provider-simm"})
    assert str(caught.value) == 'NOF0_PLUGINS names "nof0-provider-simm", which no plugin is called'
    assert caught.value.hints[0] == 'did you mean "nof0-provider-sim"?'


def test_registries_do_not_share_anything(install, exchange_source):
    install("acme-nof0", exchange_source("acme"))
    first = load_plugins({"NOF0_PLUGINS": "acme-nof0"})
    second = load_plugins({"NOF0_PLUGINS": ""})
    assert (types(first), types(second)) == (["acme"], [])


def test_a_copy_has_the_same_and_asks_no_hook_again(install, exchange_source):
    source = exchange_source("acme").replace("@hookimpl\n", "ASKED = []\n\n    @hookimpl\n")
    module = install(
        "acme-nof0", source.replace("return [Ex", "ASKED.append(1)\n        return [Ex")
    )
    registry = load_plugins({"NOF0_PLUGINS": "acme-nof0,nof0-api"})
    other = registry.copy()
    assert (types(other), list(other.companions)) == (["acme"], ["serve"])
    assert other.plugins == registry.plugins
    assert sys.modules[module].ASKED == [1]
