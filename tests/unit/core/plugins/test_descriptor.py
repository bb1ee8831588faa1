"""Kinds whose schema could not be used are refused while plugins load."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import attrs
import pytest

from nof0_core import BackendKind, ExchangeKind, PolicyKind, ServiceKind, opt
from nof0_core.plugins.descriptor import faults_of
from nof0_core.plugins.families import FAMILIES


def said(offer, family):
    return "\n".join(fault.what for fault in faults_of(offer, FAMILIES[family]))


def kind(config, type_="acme"):
    return ExchangeKind(type=type_, config=config, open=print, summary="")


@attrs.frozen(kw_only=True)
class Sound:
    fee: int = opt(default=1, ge=0)
    pause: timedelta = opt(default=timedelta(seconds=1))
    names: list[str] = opt(factory=list)
    limit: int | None = None


@attrs.define(kw_only=True)
class Mutable:
    fee: int = 1


@attrs.frozen
class Positional:
    fee: int = 1


@attrs.frozen(kw_only=True)
class Reserved:
    type: str = ""


@attrs.frozen(kw_only=True)
class Contradictory:
    fee: int = opt(default=-1, ge=0)


@attrs.frozen(kw_only=True)
class Untyped:
    fee = attrs.field(default=1)


@attrs.frozen(kw_only=True)
class Unresolvable:
    fee: NoSuchType = 1  # noqa: F821 - the fault under test


@attrs.frozen(kw_only=True)
class Related:
    low: int = attrs.field(default=1)
    high: int = attrs.field(default=2)

    @high.validator
    def _above(self, _attribute, value):
        if value <= self.low:
            raise ValueError


class Plain:
    pass


@attrs.frozen(kw_only=True)
class Unread:
    phase: complex = 0


@attrs.frozen(kw_only=True)
class Nested:
    parts: Mapping[str, tuple[Unread, ...]] = opt(factory=dict)


@attrs.frozen(kw_only=True)
class Tree:
    size: int = 1
    below: tuple[Tree, ...] = ()


class Words(str):
    __slots__ = ()


@pytest.mark.parametrize("config", [Sound, Related])
def test_a_sound_schema_passes(config):
    assert faults_of(kind(config), FAMILIES["exchange"]) == ()


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        (Plain, "is not an attrs class"),
        (Mutable, "class Mutable is not frozen"),
        (Positional, "field Positional.fee is positional"),
        (Reserved, 'field Reserved.type has the reserved name "type"'),
        (
            Contradictory,
            (
                "field Contradictory.fee has a default that its own validator refuses: "
                "must be >= 0, got -1"
            ),
        ),
        (Untyped, "field Untyped.fee has no type"),
        (Unresolvable, "annotations that cannot be read: name 'NoSuchType' is not defined"),
    ],
)
def test_an_unusable_schema_is_named_with_its_field(config, fault):
    found = said(kind(config), "exchange")
    assert found.startswith('offers exchange provider "acme", but its config ')
    assert fault in found


@pytest.mark.parametrize("type_", ["", "Acme", "a b", "-a", "ä"])
def test_a_type_that_no_yaml_should_contain_is_refused(type_):
    assert "lower-case letters" in said(kind(Sound, type_), "exchange")


POLICY = PolicyKind(type="acme", config=Sound, build=print, summary="")
SERVICE = ServiceKind(type="acme", config=Sound, open=print, summary="")
BACKEND = BackendKind(type="acme", config=Sound, open=print, summary="")


@pytest.mark.parametrize(
    ("offer", "family", "message"),
    [
        (
            POLICY,
            "exchange",
            'offers exchange provider "acme" as a PolicyKind, which is not an ExchangeKind',
        ),
        (
            SERVICE,
            "exchange",
            'offers exchange provider "acme" as a ServiceKind, which is not an ExchangeKind',
        ),
        (SERVICE, "llm", 'offers LLM backend "acme" as a ServiceKind, which is not a BackendKind'),
        (BACKEND, "market", 'offers market provider "acme" as a BackendKind, which is not a Serv'),
        (BACKEND, "exchange", 'offers exchange provider "acme" as a BackendKind, which is not an'),
        ({"type": "acme"}, "risk", "offers {'type': 'acme'} as risk check, which is not a Policy"),
        (Sound, "exporter", "test_descriptor.Sound'> as exporter, which is not a ServiceKind"),
    ],
)
def test_every_family_has_its_own_descriptor(offer, family, message):
    assert message in said(offer, family)


def quick(config):
    return timedelta(seconds=config.fee)


@pytest.mark.parametrize(
    ("offer", "family", "message"),
    [
        (attrs.evolve(SERVICE, timeout=quick), "market", ""),
        (attrs.evolve(kind(Sound), timeout=quick), "exchange", ""),
        (
            attrs.evolve(SERVICE, timeout=quick),
            "exporter",
            'offers exporter "acme" with a timeout, which only markets and exchanges have',
        ),
        (attrs.evolve(BACKEND, timeout=quick), "llm", "only markets and exchanges have"),
        (
            attrs.evolve(SERVICE, check_online="https://here"),
            "market",
            "but its check_online is not a function: 'https://here'",
        ),
        (
            attrs.evolve(SERVICE, validate=[]),
            "market",
            "but its validate is not a function: []",
        ),
        (
            attrs.evolve(SERVICE, timeout=timedelta(seconds=8)),
            "market",
            "but its timeout is not a function: datetime.timedelta(seconds=8)",
        ),
    ],
)
def test_a_timeout_is_a_function_of_kinds_whose_calls_are_limited(offer, family, message):
    assert message in said(offer, family)
    assert bool(message) == bool(said(offer, family))


@pytest.mark.parametrize(
    ("offer", "family", "message"),
    [
        (attrs.evolve(SERVICE, is_recorded=bool), "market", ""),
        (attrs.evolve(SERVICE, is_recorded=bool), "exporter", "is_recorded, which only markets"),
        (attrs.evolve(SERVICE, is_recorded=True), "market", "its is_recorded is not a function"),
    ],
)
def test_whether_it_is_a_recording_is_told_by_a_function_of_markets(offer, family, message):
    assert message in said(offer, family)
    assert bool(message) == bool(said(offer, family))


@pytest.mark.parametrize("name", ["needs_order_books", "sees_venue_account"])
@pytest.mark.parametrize(
    ("value", "family", "message"),
    [
        (True, "risk", ""),
        (False, "allocator", ""),
        (True, "allocator", "which only risk checks have"),
        (bool, "risk", "is neither True nor False"),
    ],
)
def test_what_a_kind_wants_to_see_is_a_word_of_risk_checks(name, value, family, message):
    offer = attrs.evolve(POLICY, **{name: value})
    assert message in said(offer, family)
    assert bool(message) == bool(said(offer, family))


def test_the_right_descriptor_is_named_with_its_place():
    [fault] = faults_of(SERVICE, FAMILIES["llm"])
    assert fault.hint == "from nof0_core import BackendKind"


def test_params_of_a_backend_are_checked_like_its_config():
    backend = BackendKind(type="a", config=Sound, open=print, summary="", params=Mutable)
    assert "but its params class Mutable is not frozen" in said(backend, "llm")


def test_all_faults_of_a_kind_are_found_at_once():
    backend = BackendKind(type="a", config=Contradictory, open=1, summary=None, params=Unread)
    assert said(backend, "llm").splitlines() == [
        'offers LLM backend "a", but its summary is not one line of text: None',
        'offers LLM backend "a", but its open is not a function: 1',
        (
            'offers LLM backend "a", but its config field Contradictory.fee has a default that its'
            " own validator refuses: must be >= 0, got -1"
        ),
        (
            'offers LLM backend "a", but its params field Unread.phase has a type the configuration'
            " cannot read: complex"
        ),
    ]


@pytest.mark.parametrize(
    ("type_", "spelled"),
    [
        (complex, "complex"),
        (object, "object"),
        (date, "date"),
        (set[str], "set[str]"),
        (tuple[int, str], "tuple[int, str]"),
        (tuple[int], "tuple[int]"),
        (dict[int, str], "dict[int, str]"),
        (dict[str, bytes], "bytes in dict[str, bytes]"),
        (int | None | complex, "complex in int | None | complex"),
        (list[tuple[bytes, ...]], "bytes in list[tuple[bytes, ...]]"),
        (Words, "Words"),
    ],
)
def test_a_field_of_a_type_no_file_can_hold_is_refused_with_what_can(type_, spelled):
    config = attrs.make_class("Config", {"x": attrs.field(default=None)}, frozen=True, kw_only=True)
    config.__annotations__ = {"x": type_}
    [fault] = faults_of(kind(config), FAMILIES["exchange"])
    assert fault.what == (
        'offers exchange provider "acme", but its config field Config.x has a type the'
        f" configuration cannot read: {spelled}"
    )
    assert fault.hint == (
        "types: str, bool, int, float, Decimal, timedelta, datetime, Path, an Enum, a Literal,"
        " MarketRef, BackendRef, ModelRef, an attrs class, Any;"
        " list[...], tuple[..., ...], Sequence[...], dict[str, ...], Mapping[str, ...] of these;"
        " several with |, or None beside them"
    )


def test_a_field_deep_inside_is_named_with_its_own_class():
    assert "its config field Unread.phase has a type" in said(kind(Nested), "exchange")


def test_a_class_that_holds_itself_is_checked_once():
    assert said(kind(Tree), "exchange") == ""
