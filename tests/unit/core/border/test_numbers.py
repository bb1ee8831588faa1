"""A number that passes at a glance is one that a close look finds nothing wrong with."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nof0_core.border.glance import at_a_glance
from nof0_core.border.values import moment, number, optional, whole

CHECKS = [
    number(),
    number(above=0, decimals=10),
    number(above=0, figures=80),
    number(least=0, decimals=8),
    number(least=0, digits=18),
    number(decimals=18),
    number(decimals=18, digits=2),
    number(above=0, digits=1),
]
numbers = st.builds(
    lambda sign, digits, exponent: Decimal((sign, tuple(map(int, digits)), exponent)),
    st.integers(0, 1),
    st.text("0123456789", min_size=1, max_size=90).map(lambda text: text.lstrip("0") or "0"),
    st.one_of(st.integers(-100, 40), st.integers(-400_000, 400_000)),
)


@pytest.mark.parametrize("check", CHECKS, ids=range(len(CHECKS)))
@given(value=numbers)
@example(value=Decimal(0))
@example(value=Decimal("0E-60"))
@example(value=Decimal("0E+15"))
@example(value=Decimal("0E+16"))
@example(value=Decimal("1E+15"))
@example(value=Decimal("-1E+15"))
@example(value=Decimal(-999999999999999))
@example(value=Decimal("1E-10"))
@example(value=Decimal("1E-11"))
@example(value=Decimal("1." + "0" * 49))
@example(value=Decimal("1." + "0" * 50))
def test_a_glance_sees_what_a_close_look_does(check, value):
    assert check(value) == check.wrong(value)
    # A record of such numbers sees the same, in one function for all its fields.
    assert at_a_glance({"one": check, "two": check})(Two(value, value)) == check._is_plain(value)
    assert at_a_glance({"one": optional(check)})(One(value)) == check._is_plain(value)


@attrs.define
class One:
    one: object


@attrs.define
class Two:
    one: object
    two: object


def test_a_glance_is_in_doubt_where_a_field_is_missing_or_of_another_class():
    class Own(Decimal):
        """One that could lie when it is compared."""

    is_good = at_a_glance({"one": number(above=0), "two": whole(least=1, most=3)})
    assert is_good(Two(Decimal(1), 3))
    for one, two in ((Own(1), 3), (Decimal("NaN"), 3), (Decimal("sNaN"), 3), (Decimal(0), 3),
                     (None, 3), (Decimal(1), True), (Decimal(1), 4), (1, 1)):  # fmt: skip
        assert not is_good(Two(one, two))
    assert not is_good(One(Decimal(1)))
    assert at_a_glance({"one": optional(moment)})(One(None))
