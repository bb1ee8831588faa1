"""Values become typed fields, strictly; every fault has its own place."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.config.duration import parse_duration
from nof0_core.config.environ import Environment
from nof0_core.config.fields import opt, written
from nof0_core.config.reading import read
from nof0_core.config.structure import Structurer
from nof0_core.config.tree import Problems


class Side(enum.StrEnum):
    LONG = "long"
    SHORT = "short"


@attrs.frozen(kw_only=True)
class Inner:
    low: int = opt(default=1)
    high: int = opt(default=9)

    def __attrs_post_init__(self):
        if self.low > self.high:
            message = f"low {self.low} is above high {self.high}"
            raise ValueError(message)


@attrs.frozen(kw_only=True)
class Everything:
    text: str = opt(default="")
    flag: bool = opt(default=False)
    count: int = opt(default=0, ge=0, lt=100)
    rate: float = opt(default=0.0)
    money: Decimal = opt(default=Decimal(0), gt=-1)
    wait: timedelta = opt(default=timedelta(seconds=1), gt=timedelta(0))
    where: Path | None = opt(default=None)
    side: Side = opt(default=Side.LONG)
    mode: Literal["a", "b", 3] = opt(default="a")
    names: tuple[str, ...] = opt(default=())
    numbers: list[int] = opt(factory=list)
    prices: Mapping[str, Decimal] = opt(factory=dict)
    inner: Inner = opt(factory=Inner)
    many: tuple[Inner, ...] = opt(default=())
    anything: Any = opt(default=None)
    either: int | str = opt(default=0)
    key: str = opt(default="", secret=True)
    pin: int = opt(default=1, secret=True, ge=0, le=9)
    renamed: int = opt(default=0, key="Renamed")


@attrs.frozen(kw_only=True)
class Required:
    key: str = opt(secret=True)
    count: int = opt()


@pytest.fixture
def make(tmp_path):
    """Return a function that structures text: (object or None, problems as text)."""

    def make(text, cls=Everything, *, is_needed=True, **variables):
        path = tmp_path / "a.yaml"
        path.write_text(text)
        problems = Problems()
        tree = read(path, "a.yaml", Environment(variables, {}), problems)
        made = Structurer({"a.yaml": tmp_path}, problems).take(tree, cls, is_needed=is_needed)
        return made, [str(p) for p in problems]

    return make


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("text: hello", "text", "hello"),
        ("text: '12'", "text", "12"),
        ("flag: true", "flag", True),
        ("count: 7", "count", 7),
        ("rate: 7", "rate", 7.0),
        ("rate: 1e-3", "rate", 0.001),
        ("money: 0.1", "money", Decimal("0.1")),
        ("money: '0.10'", "money", Decimal("0.10")),
        ("money: 123456789012345678.12345678", "money", Decimal("123456789012345678.12345678")),
        ("wait: 500ms", "wait", timedelta(milliseconds=500)),
        ("side: short", "side", Side.SHORT),
        ("mode: 3", "mode", 3),
        ("names: [a, b]", "names", ("a", "b")),
        ("numbers: [1, 2]", "numbers", [1, 2]),
        ("prices: {BTC: 1.10}", "prices", {"BTC": Decimal("1.10")}),
        ("inner: {low: 2}", "inner", Inner(low=2)),
        ("many: [{low: 2}, {}]", "many", (Inner(low=2), Inner())),
        ("anything: [1, {a: b}]", "anything", [1, {"a": "b"}]),
        ("either: 3", "either", 3),
        ("either: x", "either", "x"),
        ("Renamed: 3", "renamed", 3),
        ("count: ", "count", 0),
        ('wait: ""', "wait", timedelta(seconds=1)),
        ("inner:", "inner", Inner()),
    ],
)
def test_a_value_of_the_right_kind_is_taken(make, text, field, value):
    made, problems = make(text + "\n")
    assert not problems
    assert getattr(made, field) == value
    assert type(getattr(made, field)) is type(value)


def test_a_path_starts_at_the_directory_of_its_file(make, tmp_path):
    assert make("where: ../x\n")[0].where == tmp_path.parent / "x"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("text: 12", "text: expected a string, got 12"),
        ("text: [a]", "text: expected a string, got a list"),
        ('flag: "true"', 'flag: expected true or false, got "true" (a string)'),
        ("flag: 1", "flag: expected true or false, got 1"),
        ("flag: yes", 'flag: expected true or false, got "yes" (a string)'),
        ("count: 1.5", "count: expected a whole number, got 1.5"),
        ("count: '1'", 'count: expected a whole number, got "1" (a string)'),
        ("count: true", "count: expected a whole number, got true"),
        ("count: 100", "count: must be < 100, got 100"),
        ("count: -1", "count: must be >= 0, got -1"),
        ("rate: .nan", 'rate: expected a number, got ".nan" (a string)'),
        ("rate: 1e999", "rate: expected a number, got 1e999"),
        ("money: NaN", 'money: expected a number, got "NaN" (a string)'),
        ("money: 1e99", "money: expected a number of sensible size, got 1e99"),
        ("money: -1", "money: must be > -1, got -1"),
        ("wait: 3", "wait: expected a duration with unit such as 500ms, 8s, 3m or 1h, got 3"),
        ("wait: 0s", "wait: must be > 0s, got 0s"),
        ("side: up", 'side: expected one of long, short, got "up" (a string)'),
        ("names: abc", 'names: expected a list, got "abc" (a string)'),
        ("names: [a, 1]", "names.1: expected a string, got 1"),
        ("prices: {BTC: x}", 'prices.BTC: expected a number, got "x" (a string)'),
        ("inner: 3", "inner: expected a mapping, got 3"),
        ("inner: {low: 10}", "inner: low 10 is above high 9"),
        ("many: [{low: x}]", 'many.0.low: expected a whole number, got "x" (a string)'),
        ("cuont: 1", 'cuont: unknown key, did you mean "count"?'),
        ("renamed: 1", 'renamed: unknown key, did you mean "Renamed"?'),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_with_place_and_reason(make, text, problem):
    made, problems = make(text + "\n")
    assert made is None
    assert problems == [f"a.yaml:1: {problem}"]


def test_one_fault_does_not_hide_the_next(make):
    _, problems = make("count: x\nflag: 1\ninner: {low: a, high: b}\nnope: 1\n")
    assert [p.split(": ")[1] for p in problems] == [
        "nope",
        "flag",
        "count",
        "inner.low",
        "inner.high",
    ]


class TestRequired:
    def test_a_missing_key_is_named(self, make):
        assert make("key: a\n", Required)[1] == ["a.yaml: count: required key is missing"]

    def test_an_empty_value_is_none(self, make):
        assert make("key: ''\ncount: 1\n", Required)[1] == ["a.yaml:1: key: must not be empty"]

    @pytest.mark.parametrize(("variables", "state"), [({}, "not set"), ({"K": ""}, "empty")])
    def test_a_missing_variable_is_named(self, make, variables, state):
        _, problems = make("key: ${K}\ncount: 1\n", Required, **variables)
        assert problems == [f"a.yaml:1: key: environment variable K is {state}"]

    def test_a_missing_variable_is_no_problem_where_nobody_needs_it(self, make):
        assert make("key: ${K}\ncount: 1\n", Required, is_needed=False) == (None, [])

    def test_what_is_wrong_is_said_even_where_nobody_needs_it(self, make):
        _, problems = make("key: ${K}\ncount: x\n", Required, is_needed=False)
        assert problems == [
            'a.yaml:1: count: expected a whole number, got "x" (a string)'.replace(":1:", ":2:")
        ]


class TestVariables:
    @pytest.mark.parametrize(
        ("text", "value", "field", "made"),
        [
            ("count: ${V}", "7", "count", 7),
            ("flag: ${V}", "true", "flag", True),
            ("text: ${V}", "12", "text", "12"),
            ("wait: ${V}", "2m", "wait", timedelta(minutes=2)),
            ("count: ${NOPE:-5}", "", "count", 5),
        ],
    )
    def test_are_read_as_the_type_that_is_wanted(self, make, text, value, field, made):
        assert getattr(make(text + "\n", V=value)[0], field) == made

    @pytest.mark.parametrize("value", [None, ""])
    def test_without_a_value_leave_an_optional_key_unset(self, make, value):
        made, problems = make("count: ${V}\n", **({} if value is None else {"V": value}))
        assert (made.count, problems) == (0, [])

    def test_are_never_shown(self, make):
        _, problems = make("count: ${V}\n", V="canary")
        assert problems == ["a.yaml:1: count: expected a whole number, got the value of ${V}"]

    def test_are_not_shown_by_bounds_either(self, make):
        _, problems = make("count: ${V}\n", V="4711")
        assert problems == ["a.yaml:1: count: must be < 100"]


@attrs.frozen(kw_only=True)
class Guarded:
    key: str = opt(secret=True)
    other: str = attrs.field(default="", validator=attrs.validators.max_len(3))

    def __attrs_post_init__(self):
        message = f"bad key {self.key!r}"
        raise ValueError(message)


class TestSecrets:
    @pytest.mark.parametrize(
        "text", ["key: [canary]", "key: {canary: 1}", "pin: canary", "pin: '4711'", "pin: 4711"]
    )
    def test_are_in_no_message(self, make, text):
        _, problems = make(text + "\n")
        assert len(problems) == 1
        assert "canary" not in problems[0].replace("key.canary", "")
        assert "4711" not in problems[0]

    def test_are_taken_out_of_what_a_class_says_about_itself(self, make):
        _, problems = make("key: canary\n", Guarded)
        assert problems == ["a.yaml: bad key '…'"]

    def test_are_not_in_the_repr(self):
        assert "canary" not in repr(Required(key="canary", count=1))


@given(st.integers(0, 10**9), st.sampled_from(["ms", "s", "m", "h"]))
def test_durations_survive_being_written_and_read(number, unit):
    try:
        duration = parse_duration(f"{number}{unit}")
    except ValueError as error:
        assert "too long" in str(error)  # noqa: PT017 - only this reason is right
        return
    assert parse_duration(written(duration)) == duration


@pytest.mark.parametrize(
    "text", ["", "3", "00", "-0", "s", "3 s", "3x", "1m1h", "1s1s", "m3", "--1s", "1e3s"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=8
    )
)
def test_money_is_read_to_the_last_digit(value):
    from nof0_core.config.model import Place
    from nof0_core.config.scalars import as_decimal
    from nof0_core.config.tree import Scalar

    node = Scalar(place=Place(file="", line=1, path=""), text=f"{value:f}", kind="float")
    assert as_decimal(node) == value
