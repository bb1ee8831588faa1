"""What plugins may declare is what the configuration reads, type by type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
import yaml

from nof0_core import BackendRef, MarketRef, ModelRef
from nof0_core.config.environ import Environment
from nof0_core.config.reading import read
from nof0_core.config.schema import fields_of
from nof0_core.config.structure import Structurer
from nof0_core.config.tree import Problems
from nof0_core.plugins.field_types import SIMPLE, unreadable


class Colour(StrEnum):
    RED = "red"


@attrs.frozen(kw_only=True)
class Inner:
    size: int


CASES = [
    (str, "a", "a"),
    (bool, True, True),
    (int, 3, 3),
    (float, 0.5, 0.5),
    (Decimal, 0.5, Decimal("0.5")),
    (timedelta, "8s", timedelta(seconds=8)),
    (datetime, "2025-07-01T00:00:00Z", datetime(2025, 7, 1, tzinfo=UTC)),
    (Path, "/a", Path("/a")),
    (Colour, "red", Colour.RED),
    (Literal["a", "b"], "b", "b"),
    (MarketRef, "m", "m"),
    (BackendRef, "m", "m"),
    (ModelRef, "m", "m"),
    (Inner, {"size": 1}, Inner(size=1)),
    (Any, {"a": [1]}, {"a": [1]}),
    (list[int], [1, 2], [1, 2]),
    (tuple[Inner, ...], [{"size": 1}], (Inner(size=1),)),
    (Sequence[ModelRef], ["a"], ("a",)),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (Mapping[str, Decimal] | None, {"a": 1}, {"a": Decimal(1)}),
    (int | str, "x", "x"),
    (list, [1], [1]),
    (dict, {"a": 1}, {"a": 1}),
]


@pytest.mark.parametrize(("type_", "text", "value"), CASES)
def test_what_is_allowed_is_read_and_has_a_word(tmp_path, type_, text, value):
    assert list(unreadable(type_)) == []
    holder = attrs.make_class("Holder", {"x": attrs.field()}, frozen=True, kw_only=True)
    holder.__annotations__ = {"x": type_}
    file, problems = tmp_path / "a.yaml", Problems()
    file.write_text(yaml.safe_dump({"x": text}))
    node = read(file, "a.yaml", Environment({}, {}), problems)
    made = Structurer({"a.yaml": tmp_path}, problems).take(node, holder)
    assert not problems.ordered([])
    assert made.x == value
    [field] = fields_of(holder)
    assert (field.type == "any value") is (type_ is Any)


def test_every_simple_type_is_tried():
    assert set(SIMPLE) <= {type_ for type_, _, _ in CASES}
