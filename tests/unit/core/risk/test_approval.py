"""Only the gate approves."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

from nof0_core.risk.approval import ApprovedDecision, require_approval
from nof0_core.risk.gate import RiskGate


@pytest.fixture
def approved(context, long_btc):
    _, (approved,) = RiskGate().judge([long_btc()], context())
    return approved


def _values(approved):
    return {
        field.name: getattr(approved, field.name)
        for field in attrs.fields(ApprovedDecision)
        if field.init
    }


def test_calling_the_class_with_all_fields_is_refused(approved):
    with pytest.raises(TypeError, match="only the risk gate"):
        ApprovedDecision(**_values(approved))


def test_evolving_an_approval_is_refused(approved):
    with pytest.raises(TypeError, match="only the risk gate"):
        attrs.evolve(approved, leverage=40)


def test_pickling_is_refused(approved):
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(approved)


def test_subclassing_is_refused():
    with pytest.raises(TypeError, match="subclassed"):
        type("Forged", (ApprovedDecision,), {})


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_a_copy_is_the_approval_itself(approved, make):
    assert make(approved) is approved


def test_fields_cannot_be_changed(approved):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        approved.leverage = 40


def test_an_approval_of_the_gate_is_accepted(approved):
    assert require_approval(approved) is approved


def test_an_object_built_without_the_constructor_is_not_accepted(approved):
    forged = object.__new__(ApprovedDecision)
    forged.__attrs_init__(**_values(approved))

    with pytest.raises(TypeError, match="only decisions approved"):
        require_approval(forged)


def test_a_borrowed_seal_does_not_make_an_approval(approved):
    forged = object.__new__(ApprovedDecision)
    forged.__attrs_init__(**_values(approved) | {"leverage": 40})
    object.__setattr__(forged, "_seal", approved._seal)

    with pytest.raises(TypeError, match="only decisions approved"):
        require_approval(forged)


def test_an_approval_whose_numbers_were_replaced_is_not_accepted(approved):
    object.__setattr__(approved, "size_usd", approved.size_usd * 10)

    with pytest.raises(TypeError, match="only decisions approved"):
        require_approval(approved)


def test_an_approval_whose_decision_was_changed_is_not_accepted(approved):
    object.__setattr__(approved.decision, "symbol", "ETH")

    with pytest.raises(TypeError, match="only decisions approved"):
        require_approval(approved)


def test_a_raw_decision_is_not_accepted(long_btc):
    with pytest.raises(TypeError, match="got Decision"):
        require_approval(long_btc())
