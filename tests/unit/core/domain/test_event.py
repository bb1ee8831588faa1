"""Words of the journal belong to one kind of event each."""

from __future__ import annotations

from typing import ClassVar

import attrs
import pytest

from nof0_core.domain.event import BODIES, Alerted, Body


def test_a_word_that_is_taken_is_refused_and_stays_what_it_was():
    with pytest.raises(TypeError, match=f'"alert" is .*{Alerted.__qualname__} already'):

        class Other(Body):
            type: ClassVar[str] = "alert"

    assert BODIES["alert"] is Alerted


def test_a_kind_made_of_another_needs_a_word_of_its_own():
    with pytest.raises(TypeError, match="already"):

        class Special(Alerted):
            pass

    assert BODIES["alert"] is Alerted


def test_the_slotted_class_of_attrs_takes_the_place_of_the_one_it_was_made_from():
    before = dict(BODIES)
    try:

        @attrs.frozen(kw_only=True)
        class Fresh(Body):
            type: ClassVar[str] = "fresh"
            number: int

        assert BODIES["fresh"] is Fresh
        assert "__slots__" in vars(Fresh)
    finally:
        BODIES.clear()
        BODIES.update(before)
