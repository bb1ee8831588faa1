"""Enough of PromQL to ask the queries of dashboards and rules of two scrapes.

Selectors, `rate` and `increase`, `sum`, `max`, `min`, `avg` and `count` with `by`,
`histogram_quantile`, `time`, arithmetic and comparisons. What is not known is refused: a metric
without samples, a label no sample of it has, a function.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict

from prometheus_client.parser import text_string_to_metric_families

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w])|(?P<name>[A-Za-z_:][\w:]*)
    |(?P<text>"[^"]*")|(?P<range>\[\w+\])|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/(){},=<>]))""",
    re.VERBOSE,
)
AGGREGATES = {"sum": sum, "max": max, "min": min, "avg": lambda v: sum(v) / len(v), "count": len}
COMPARED = {
    ">": lambda a, b: a > b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip
COMPUTED = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else math.nan,
}  # fmt: skip


class QueryError(Exception):
    """A query that cannot be answered, and why."""


def scrape(text):
    """Return the samples of an exposition: by name a list of (labels, value)."""
    found = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name].append((dict(sample.labels), sample.value))
    return found


class Query:
    """One query; `answer` asks it of two scrapes that are `seconds` apart."""

    def __init__(self, text):
        self._text, self._tokens, at = text, [], 0
        stripped = text.strip()
        while at < len(stripped):
            found = TOKEN.match(stripped, at)
            if found is None:
                raise QueryError(f"{stripped[at:]!r} cannot be read")
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()

    def answer(self, before, after, seconds=60.0, now=0.0):
        """Return the vector, a list of (labels, value), or a number."""
        self._left, self._scrapes = [*self._tokens], (before, after)
        self._seconds, self._now = seconds, now
        found = self._compared()
        if self._left:
            raise QueryError(f"nothing was expected at {self._left[0][1]!r}: {self._text}")
        return found

    def _peek(self):
        return self._left[0][1] if self._left else ""

    def _take(self, expected=None):
        if not self._left or (expected is not None and self._peek() != expected):
            raise QueryError(f"{expected!r} was expected, not {self._peek()!r}: {self._text}")
        return self._left.pop(0)[1]

    def _compared(self):
        left = self._summed()
        while self._peek() in COMPARED:
            holds = COMPARED[self._take()]
            right = self._summed()
            left = [
                (labels, value)
                for labels, value, other in self._paired(left, right)
                if holds(value, other)
            ]
        return left

    def _summed(self):
        return self._folded(self._multiplied, "+-")

    def _multiplied(self):
        return self._folded(self._one, "*/")

    def _folded(self, part, signs):
        left = part()
        while self._peek() and self._peek() in signs:
            compute = COMPUTED[self._take()]
            right = part()
            if isinstance(left, float) and isinstance(right, float):
                left = compute(left, right)
            else:
                left = [(lb, compute(a, b)) for lb, a, b in self._paired(left, right)]
        return left

    def _paired(self, left, right):
        if isinstance(left, float) and isinstance(right, float):
            raise QueryError(f"two numbers: {self._text}")
        if isinstance(right, float):
            return [(labels, value, right) for labels, value in left]
        if isinstance(left, float):
            return [(labels, left, value) for labels, value in right]
        others = {tuple(sorted(labels.items())): value for labels, value in right}
        found = [
            (labels, value, others[key])
            for labels, value in left
            if (key := tuple(sorted(labels.items()))) in others
        ]
        if left and right and not found:
            raise QueryError(f"the labels of the two sides never fit: {self._text}")
        return found

    def _one(self):
        kind, text = self._left.pop(0) if self._left else ("", "")
        if kind == "number":
            return float(text)
        if text == "(":
            found = self._compared()
            self._take(")")
            return found
        if kind != "name":
            raise QueryError(f"{text!r} was not expected: {self._text}")
        if text in AGGREGATES:
            return self._aggregate(AGGREGATES[text])
        if self._peek() == "(":
            return self._called(text)
        return self._selected(text)

    def _called(self, name):
        self._take("(")
        if name == "time":
            self._take(")")
            return self._now
        if name in ("rate", "increase"):
            found = self._selected(self._take(), is_range=True)
            by = self._seconds if name == "rate" else 1.0
            found = [(labels, value / by) for labels, value in found]
        elif name == "histogram_quantile":
            share = self._one()
            self._take(",")
            found = quantile(share, self._compared())
        else:
            raise QueryError(f"{name} is not known: {self._text}")
        self._take(")")
        return found

    def _aggregate(self, fold):
        names = self._names()
        self._take("(")
        found = self._compared()
        self._take(")")
        names = self._names() if names is None else names
        groups = defaultdict(list)
        for labels, value in found:
            for name in names or ():
                if name not in labels:
                    raise QueryError(f"there is no label {name}: {self._text}")
            groups[tuple((name, labels[name]) for name in names or ())].append(value)
        return [(dict(key), float(fold(values))) for key, values in groups.items()]

    def _names(self):
        if self._peek() != "by":
            return None
        self._take()
        self._take("(")
        names = [self._take()]
        while self._peek() == ",":
            self._take()
            names.append(self._take())
        self._take(")")
        return names

    def _selected(self, name, *, is_range=False):
        before, after = (each.get(name, []) for each in self._scrapes)
        if not after:
            raise QueryError(f"there is no metric {name}: {self._text}")
        wanted = self._matchers(name, after)
        has_range = bool(self._left) and self._left[0][0] == "range"
        if has_range:
            self._take()
        if has_range != is_range:
            raise QueryError(f"a range belongs into rate or increase: {self._text}")
        old = {tuple(sorted(labels.items())): value for labels, value in before}
        return [
            (labels, value - old.get(tuple(sorted(labels.items())), 0.0) if is_range else value)
            for labels, value in after
            if all(fits(labels[label]) for label, fits in wanted)
        ]

    def _matchers(self, name, samples):
        wanted = []
        if self._peek() != "{":
            return wanted
        self._take()
        while self._peek() != "}":
            label, sign, text = self._take(), self._take(), self._take()[1:-1]
            if not all(label in labels for labels, _ in samples):
                raise QueryError(f"{name} has no label {label}: {self._text}")
            fits = {
                "=": lambda value, text=text: value == text,
                "!=": lambda value, text=text: value != text,
                "=~": lambda value, text=text: bool(re.fullmatch(text, value)),
                "!~": lambda value, text=text: not re.fullmatch(text, value),
            }[sign]
            wanted.append((label, fits))
            if self._peek() == ",":
                self._take()
        self._take("}")
        return wanted


def quantile(share, buckets):
    """Return `histogram_quantile` of a vector of buckets."""
    groups = defaultdict(list)
    for labels, value in buckets:
        if "le" not in labels:
            raise QueryError("histogram_quantile needs the label le")
        rest = {name: each for name, each in labels.items() if name != "le"}
        groups[tuple(sorted(rest.items()))].append((float(labels["le"]), value))
    found = []
    for key, points in groups.items():
        points.sort()
        total, below, last = points[-1][1], 0.0, 0.0
        result = math.nan
        for bound, count in points:
            if total and count >= share * total:
                inside = (share * total - below) / (count - below) if count > below else 0.0
                result = last if math.isinf(bound) else last + (bound - last) * inside
                break
            below, last = count, bound
        found.append((dict(key), result))
    return found
