"""Kinds whose schema could not be used are refused while plugins load."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from nof0_core import PolicyKind, ServiceKind, opt
from nof0_core.plugins.descriptor import fault_of
from nof0_core.plugins.families import FAMILIES


def kind(config, type_="acme"):
    return ServiceKind(type=type_, config=config, open=print, summary="")


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


@pytest.mark.parametrize("config", [Sound, Related])
def test_a_sound_schema_passes(config):
    assert fault_of(kind(config), FAMILIES["exchange"]) is None


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
    found = fault_of(kind(config), FAMILIES["exchange"])
    assert found.startswith('offers exchange provider "acme", but its config ')
    assert fault in found


@pytest.mark.parametrize("type_", ["", "Acme", "a b", "-a", "ä"])
def test_a_type_that_no_yaml_should_contain_is_refused(type_):
    assert "lower-case letters" in fault_of(kind(Sound, type_), FAMILIES["exchange"])


def test_a_policy_is_no_exchange():
    policy = PolicyKind(type="acme", config=Sound, build=print, summary="")
    assert "is not a ServiceKind" in fault_of(policy, FAMILIES["exchange"])


def test_params_of_a_backend_are_checked_like_its_config():
    backend = ServiceKind(type="a", config=Sound, open=print, summary="", params=Mutable)
    assert "but its params class Mutable is not frozen" in fault_of(backend, FAMILIES["llm"])
