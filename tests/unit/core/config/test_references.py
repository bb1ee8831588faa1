"""Backends that stand in front of backends, and models that ask models."""

from __future__ import annotations

import itertools
import types
from types import SimpleNamespace

import attrs
import pytest

from nof0_core import BackendKind, BackendRef, ModelRef, hookimpl, opt
from nof0_core.config.models import Models, shaping
from nof0_core.domain.model import ModelSpec
from nof0_core.plugins import LoadedPlugin, load_plugins


@attrs.frozen(kw_only=True)
class Endpoint:
    address: str = opt()
    api_key: str = opt(secret=True)


@attrs.frozen(kw_only=True)
class EndpointParams:
    style: str = opt(default="calm", one_of=("calm", "bold"))


@attrs.frozen(kw_only=True)
class Front:
    behind: BackendRef = opt()
    asks: bool = opt(default=True, shaping=False)


@attrs.frozen(kw_only=True)
class Nothing:
    pass


@attrs.frozen(kw_only=True)
class VoteParams:
    members: tuple[ModelRef, ...] = opt()
    judge: ModelRef | None = opt(default=None)


def kind(type_, config, **more):
    return BackendKind(type=type_, config=config, open=print, summary="", **more)


@pytest.fixture(scope="session")
def registry():
    module = types.ModuleType("references")

    @hookimpl
    def nof0_llm_backends():
        return [
            kind("endpoint", Endpoint, params=EndpointParams),
            kind("front", Front, opens_backends=lambda config: config.asks),
            kind("pass", Front),
            kind("vote", Nothing, params=VoteParams),
            kind("rules", Nothing, reads_prompt=False),
            kind("yardstick", Nothing, params=EndpointParams, is_baseline=True),
        ]

    module.nof0_llm_backends = nof0_llm_backends
    found = load_plugins({"NOF0_PLUGINS": "nof0-provider-sim"})
    found.add(LoadedPlugin(name="r:r", distribution="references", version="1", module="r"), module)
    return found


BACKENDS = """
backends:
  outer: {type: front, behind: inner}
  inner: {type: endpoint, address: there, api_key: "${KEY}"}
"""
KEY = {"KEY": "secret-value"}


def write(bench, models, backends=BACKENDS):
    bench.write("etc/llm.yaml", f"default_model: dummy\nmodels:\n{models}{backends}")


def test_what_a_section_refers_to_is_opened_before_it(bench):
    write(bench, "  dummy: {backend: outer}\n")
    config = bench.load(environ=KEY)
    assert list(config.backends) == ["inner", "outer"]
    assert config.backends["outer"].backends == ("inner",)


def test_a_section_that_does_not_ask_needs_no_key_behind_it(bench):
    write(bench, "  dummy: {backend: outer}\n", BACKENDS.replace("inner}", "inner, asks: false}"))
    assert list(bench.load().backends) == ["outer"]


def test_a_section_that_asks_needs_the_key_behind_it(bench):
    write(bench, "  dummy: {backend: outer}\n")
    assert "environment variable KEY is not set" in bench.problems()


@pytest.mark.parametrize(
    ("models", "backends", "is_baseline"),
    [
        ("  dummy: {backend: rules}\n", "", False),
        ("  dummy: {backend: yardstick}\n", "", True),
        (
            "  dummy: {backend: outer}\n",
            "backends:\n  outer: {type: front, behind: yardstick}\n",
            True,
        ),
        (
            "  dummy: {backend: vote, params: {members: [other]}}\n  other: {backend: yardstick}\n",
            "",
            False,
        ),
    ],
)
def test_a_baseline_is_what_its_backend_says_not_what_reads_no_prompt(
    bench, models, backends, is_baseline
):
    write(bench, models, backends)
    assert bench.load().traders[0].is_baseline is is_baseline


def test_the_order_in_which_traders_name_models_does_not_change_the_digest():
    """Nor that of a set of them, which is another one in every process."""
    votes = {name: ModelSpec(name=name, backend=f"vote {name}") for name in "abcd"}
    models = Models(table=None, entries=dict.fromkeys(votes), specs=votes)
    sections = {
        spec.backend: SimpleNamespace(kind=kind("vote", Nothing), backends=(), name=spec.backend)
        for spec in votes.values()
    }
    for used in itertools.permutations(votes):
        found, asked = shaping(models, sections, used)
        assert [section.name for section in found] == [f"vote {name}" for name in "abcd"]
        assert asked == []


def test_asking_or_not_is_the_same_configuration(bench):
    write(bench, "  dummy: {backend: outer}\n")
    asking = bench.load(environ=KEY).digest
    write(bench, "  dummy: {backend: outer}\n", BACKENDS.replace("inner}", "inner, asks: false}"))
    assert bench.load().digest == asking
    write(bench, "  dummy: {backend: outer, params: {style: bold}}\n")
    assert bench.load(environ=KEY).digest != asking


def test_what_stands_behind_one_that_always_asks_is_part_of_the_digest(bench):
    front = BACKENDS.replace("type: front", "type: pass")
    digests = set()
    for address in ("here", "there"):
        write(bench, "  dummy: {backend: outer}\n", front.replace("there", address))
        digests.add(bench.load(environ=KEY).digest)
    assert len(digests) == 2


def test_models_are_those_of_the_backend_behind(bench):
    write(bench, "  dummy: {backend: outer, params: {style: bold}}\n")
    assert bench.load(environ=KEY).models["dummy"].params == EndpointParams(style="bold")
    write(bench, "  dummy: {backend: outer, params: {style: loud}}\n")
    assert "models.dummy.params.style: must be one of calm, bold" in bench.problems(environ=KEY)
    rules = "\nbackends:\n  outer: {type: front, behind: rules}\n"
    write(bench, "  dummy: {backend: outer, temperature: 1}\n", rules)
    assert 'models.dummy.temperature: means nothing here: backend "outer"' in bench.problems()


def test_a_bare_kind_may_stand_behind(bench):
    write(
        bench, "  dummy: {backend: outer}\n", "\nbackends:\n  outer: {type: pass, behind: rules}\n"
    )
    assert list(bench.load().backends) == ["rules", "outer"]


def test_an_unknown_backend_behind_is_a_problem_with_its_line(bench):
    write(
        bench, "  dummy: {backend: outer}\n", "\nbackends:\n  outer: {type: pass, behind: rulez}\n"
    )
    problems = bench.problems()
    assert 'etc/llm.yaml:6: backends.outer.behind: unknown LLM backend "rulez"' in problems
    assert 'did you mean "rules"?' in problems


def test_backends_that_stand_behind_each_other_are_refused(bench):
    circle = """
backends:
  one: {type: pass, behind: two}
  two: {type: pass, behind: one}
"""
    write(bench, "  dummy: {backend: one}\n", circle)
    assert "backends refer to each other: one → two → one" in bench.problems()
    write(bench, "  dummy: {backend: rules}\n", circle)
    assert "backends refer to each other: one → two → one" in bench.problems()


VOTE = """  dummy: {backend: vote, params: {members: [a, b]}}
  a: {backend: inner}
  b: {backend: rules}
"""


def test_models_named_by_a_model_are_used(bench):
    write(bench, VOTE)
    assert set(bench.load(environ=KEY).backends) == {"vote", "inner", "rules"}
    assert "environment variable KEY is not set" in bench.problems()


def test_models_behind_what_does_not_ask_are_not_used(bench):
    backends = BACKENDS + "  played: {type: front, behind: vote, asks: false}\n"
    write(bench, VOTE.replace("backend: vote", "backend: played"), backends)
    assert set(bench.load().backends) == {"played"}


def test_models_named_by_a_model_count_for_the_digest(bench):
    digests = set()
    for temperature in (0, 1):
        write(
            bench,
            VOTE.replace("{backend: inner}", f"{{backend: inner, temperature: {temperature}}}"),
        )
        digests.add(bench.load(environ=KEY).digest)
    assert len(digests) == 2


def test_an_unknown_model_named_by_a_model_is_a_problem_with_its_line(bench):
    write(bench, VOTE.replace("[a, b]", "[a, c]").replace("b:", "bb:"))
    assert 'etc/llm.yaml:3: models.dummy.params.members: unknown model "c"' in bench.problems(
        environ=KEY
    )


def test_models_that_ask_each_other_are_refused(bench):
    write(
        bench,
        "  dummy: {backend: vote, params: {members: [a]}}\n"
        "  a: {backend: vote, params: {members: [b], judge: dummy}}\n"
        "  b: {backend: rules}\n",
    )
    assert "models.dummy.params: models ask each other: dummy → a → dummy" in bench.problems()
