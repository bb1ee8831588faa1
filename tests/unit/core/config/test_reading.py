"""YAML, read narrowly, with places."""

from __future__ import annotations

import pytest

from nof0_core.config.environ import Environment, read_dotenv
from nof0_core.config.reading import read
from nof0_core.config.scalars import plain
from nof0_core.config.tree import Problems, Scalar, find


@pytest.fixture
def reading(tmp_path):
    """Return a function that reads text: (plain values, tree, problems as text)."""

    def reading(text, **variables):
        path = tmp_path / "a.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        problems = Problems()
        tree = read(path, "a.yaml", Environment(variables, {}), problems)
        return tree and plain(tree), tree, [str(p) for p in problems]

    return reading


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("1_000", 1000),
        ("4.5", 4.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("0x1f", "0x1f"),
        ("2025-07-23", "2025-07-23"),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("8s", "8s"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("a b", "a b"),
    ],
)
def test_only_what_looks_like_a_number_or_truth_value_is_one(reading, text, value):
    values, _, problems = reading(f"k: {text}\n")
    assert values["k"] == value
    assert type(values["k"]) is type(value)
    assert not problems


def test_every_value_knows_where_it_stands(reading):
    _, tree, _ = reading("a:\n  - x: 1\n  - y:\n      z: 2\n")
    assert (find(tree, "a", 1, "y", "z").line, find(tree, "a", 1, "y", "z").path) == (4, "a.1.y.z")
    missing = find(tree, "a", 0, "nope")
    assert (missing.line, missing.path) == (2, "a.0.nope")


def test_a_key_that_is_written_twice_is_refused(reading):
    _, _, problems = reading("a:\n  b: 1\n  c: 2\n  b: 3\n")
    assert problems == ["a.yaml:4: a.b: is written twice, first on line 2"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1\n", "a.yaml:2: not valid YAML: did not find expected ',' or ']'"),
        ("- 1\n", "a.yaml:1: must be a mapping of keys to values, but is a list"),
        ("# x\n\nsk-canary\n", "a.yaml:3: must be a mapping of keys to values, but is one text"),
        ("a: !!python/object:os.system x\n", "a.yaml:1: a: YAML tags have no meaning here"),
        ("a: !secret x\n", "a.yaml:1: a: YAML tags have no meaning here: put"),
        ("? [1]\n: 2\n", "a.yaml:1: a key must be a word"),
        (b"a: \xff\n", "a.yaml: cannot be read: it is not UTF-8 text"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: a second document begins here (---)"),
    ],
)
def test_what_cannot_be_used_is_named(reading, text, problem):
    _, _, problems = reading(text)
    assert any(found.startswith(problem) for found in problems), problems


def test_an_empty_file_is_an_empty_mapping(reading):
    assert reading("# nothing\n")[0] == {}


def test_a_syntax_error_does_not_show_the_text_around_it(reading):
    _, _, problems = reading('key: "sk-canary\n  other: 1\n')
    assert problems
    assert "canary" not in "".join(problems)


def test_a_small_file_cannot_become_an_endless_tree(reading):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    _, _, problems = reading("\n".join(lines) + "\n")
    assert any("nested too deeply or repeated too often" in problem for problem in problems)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[" * 50_000, 1),
        ("{a: " * 50_000, 1),
        ("- " * 50_000, 1),
        ("\n".join(" " * depth + "a:" for depth in range(500)), 41),
    ],
)
def test_no_depth_is_too_much_for_the_parser(reading, text, line):
    _, _, problems = reading(text)
    assert problems == [f"a.yaml:{line}: is nested too deeply: 40 levels are the most"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: *sk-canary\n", "a.yaml:1: not valid YAML: found undefined alias"),
        ("!sk-canary x\n", "a.yaml:1: must be a mapping"),
        ("sk-canary = 1: 2\n", "a.yaml:1: is no key of a configuration"),
        ("a: 1\nb: sk-canary\x07\n", "a.yaml:2: has a control character (U+0007)"),
        ("a:\n\tb: sk-canary\n", "a.yaml:2: not valid YAML: it begins with a tab"),
        ("a: &x 1\nb: &x sk-canary\n", "a.yaml:2: not valid YAML: found duplicate anchor"),
    ],
)
def test_nothing_of_a_file_named_by_mistake_is_shown(reading, text, problem):
    _, _, problems = reading(text)
    assert problems[-1].startswith(problem)
    assert "canary" not in "".join(problems)


def test_an_anchor_is_the_same_values_in_another_place(reading):
    values, tree, _ = reading("a: &x {k: 1}\nb: *x\n")
    assert values == {"a": {"k": 1}, "b": {"k": 1}}
    assert find(tree, "b", "k").path == "b.k"


class TestVariables:
    def test_stand_for_the_whole_value(self, reading):
        assert reading("k: ${NAME}\n", NAME="text")[0] == {"k": "text"}

    def test_a_default_counts_where_the_variable_is_missing_or_empty(self, reading):
        text = "a: ${A:-8s}\nb: ${B:-8s}\nc: ${C:-8s}\n"
        assert reading(text, B="", C="9s")[0] == {"a": "8s", "b": "8s", "c": "9s"}

    def test_a_value_is_not_looked_up_again(self, reading):
        assert reading("k: ${A}\n", A="${B}", B="x")[0] == {"k": "${B}"}

    def test_a_missing_one_is_known_by_name(self, reading):
        _, tree, problems = reading("k: ${NOPE}\n")
        node = tree.get("k")
        assert isinstance(node, Scalar)
        assert (node.text, node.variable, problems) == (None, "NOPE", [])

    def test_inside_a_longer_text_are_refused(self, reading):
        _, _, problems = reading('k: "https://${HOST}/x"\n', HOST="h")
        assert problems == ["a.yaml:1: k: ${…} must be the whole value"]


class TestDotenv:
    def test_lines_become_variables_that_the_process_overrides(self, tmp_path):
        file = tmp_path / ".env"
        file.write_text("# keys\nA=1\nexport B='two words'\nC=\"x\"\n\nD=y # why\nE=\n")
        problems = Problems()
        values = read_dotenv(file, ".env", problems)
        assert values == {"A": "1", "B": "two words", "C": "x", "D": "y", "E": ""}
        assert Environment({"A": "9"}, values).lookup("${A}") == ("A", "9")
        assert not len(problems)

    def test_a_line_that_is_none_is_named_by_number_only(self, tmp_path):
        file = tmp_path / ".env"
        file.write_text("A=1\nsk-canary\n")
        problems = Problems()
        read_dotenv(file, ".env", problems)
        assert [str(p) for p in problems] == [".env:2: is not NAME=value"]

    def test_quotes_comments_and_a_byte_order_mark_are_no_part_of_a_value(self, tmp_path):
        file = tmp_path / ".env"
        file.write_bytes(
            b'\xef\xbb\xbfA="abc-123" # of the "test" account\r\n'
            b'B=\'x # y\'   # z\nC= # nothing\nD=#1\nE="a"b"\n'
        )
        problems = Problems()
        values = read_dotenv(file, ".env", problems)
        assert values == {"A": "abc-123", "B": "x # y", "C": "", "D": "#1", "E": 'a"b'}
        assert not len(problems)

    def test_quotes_that_do_not_fit_together_are_told_without_the_value(self, tmp_path):
        file = tmp_path / ".env"
        file.write_text('A=\'sk-canary\nB="sk-canary"x\n')
        problems = Problems()
        assert read_dotenv(file, ".env", problems) == {}
        assert [str(p) for p in problems] == [
            f".env:{line}: {name}: its quote is not closed, or something follows it"
            for line, name in ((1, "A"), (2, "B"))
        ]

    def test_is_optional(self, tmp_path):
        problems = Problems()
        assert read_dotenv(tmp_path / ".env", ".env", problems) == {}
        assert not len(problems)


def test_a_merge_key_gives_what_is_not_written_itself(reading):
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  x: 9\n  <<: [*a, *b]\nd: {<<: *b}\n"
    values, tree, problems = reading(text)
    assert not problems
    assert values["c"] == {"x": 9, "y": 2, "z": 4}
    assert values["d"] == {"y": 3, "z": 4}
    place = find(tree, "c", "z")
    assert (place.line, place.path) == (2, "c.z")


def test_a_merge_key_takes_mappings_only(reading):
    _, _, problems = reading("c:\n  <<: 5\n")
    assert problems == ["a.yaml:2: c: << takes a mapping or a list of mappings, got 5"]


def test_a_quoted_merge_key_is_an_ordinary_key(reading):
    values, _, _ = reading("c: {'<<': 5}\n")
    assert values["c"] == {"<<": 5}
