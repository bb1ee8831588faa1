"""A venue's id is an integer in the API, and nothing of it is lost."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from nof0_core.documents.venue_ids import NO_ID, venue_id


@pytest.mark.parametrize("text", ["0", "17", "9007199254740991"])
def test_digits_below_two_to_the_53_stand_as_they_are(text):
    assert venue_id("oid", text) == {"oid": int(text)}


@pytest.mark.parametrize(
    "text", ["a3f1-77", "", "007", "-1", "1e3", "٣", "9007199254740992", "9" * 400]
)
def test_any_other_id_is_52_bits_of_its_hash_with_the_text_beside_it(text):
    found = venue_id("oid", text)
    assert found["oid_ref"] == text
    assert found["oid"] == int(hashlib.sha256(text.encode()).hexdigest()[:13], 16)
    assert 0 <= found["oid"] < 2**52


def test_no_order_is_minus_one():
    assert venue_id("sl_oid", None) == {"sl_oid": NO_ID} == {"sl_oid": -1}


def test_the_example_of_the_documentation_is_right():
    page = (Path(__file__).parents[4] / "docs" / "api.md").read_text(encoding="utf-8")
    assert f"`{json.dumps(venue_id('entry_oid', 'a3f1-77'))}`" in page
