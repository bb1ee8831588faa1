"""Ids of any venue as integers that every reader of JSON reads to the last digit."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.documents.venue_ids import venue_id


def test_no_order_is_minus_one():
    assert venue_id("sl_oid", None) == {"sl_oid": -1}


@pytest.mark.parametrize("value", ["0", "7", "212345678901", str(2**53 - 1)])
def test_digits_stand_as_they_are(value):
    assert venue_id("oid", value) == {"oid": int(value)}


@pytest.mark.parametrize(
    "value",
    [str(2**53), "9" * 40, "007", "-1", "+5", "1e3", "1_000", "٣", " 5", "", "0xabc", "a-b-c", "½"],
)
def test_any_other_id_is_52_bits_of_its_digest_with_the_text_beside_it(value):
    digest = hashlib.sha256(value.encode()).hexdigest()
    # 52 bits are 13 hex digits.
    assert venue_id("oid", value) == {"oid": int(digest[:13], 16), "oid_ref": value}


@given(st.text())
def test_no_reader_loses_a_digit(value):
    number = venue_id("oid", value)["oid"]
    assert int(float(number)) == number
