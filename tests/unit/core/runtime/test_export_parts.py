"""What exporters remember goes into checkpoints and comes back, or is as new."""

from __future__ import annotations

import pytest

from nof0_core.protocols import ExporterCapability
from nof0_core.runtime.export_parts import dumped, loaded, taken
from nof0_core.testing.environment import Lines


class Kept:
    def __init__(self, name="a", version=1, data=b"new"):
        self.name, self.version, self.data = name, version, data

    def apply(self, event):
        raise NotImplementedError

    def dump(self):
        return self.data

    def load(self, data):
        if data == b"bad":
            message = "it is bad"
            raise ValueError(message)
        self.data = data


class Keeper:
    capabilities = frozenset({ExporterCapability.PROJECTIONS})

    def __init__(self, *kept):
        self.kept = kept

    def projections(self):
        return self.kept


class Plain:
    pass


def parts_of(*kept):
    return {part.name: part for part in dumped("files", Keeper(*kept), Lines())}


@pytest.fixture
def log():
    return Lines()


def test_what_was_dumped_is_loaded(log):
    parts = parts_of(Kept("a", data=b"1"), Kept("b", data=b"2"))
    assert set(parts) == {"exporter files: a", "exporter files: b"}
    keeper = Keeper(Kept("a"), Kept("b"))
    assert loaded("files", keeper, parts, log)
    assert [kept.data for kept in keeper.kept] == [b"1", b"2"]
    assert log.lines == []


def test_an_exporter_without_the_word_has_no_parts(log):
    assert dumped("files", Plain(), log) == []
    assert not loaded("files", Plain(), parts_of(Kept()), log)
    assert log.lines == []


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param((Kept("a"), Kept("c")), id="another"),
        pytest.param((Kept("a", version=2), Kept("b")), id="version"),
    ],
)
def test_where_one_is_missing_or_of_another_version_all_are_as_new(kept, log):
    parts = parts_of(Kept("a", data=b"1"), Kept("b", data=b"2"))
    assert not loaded("files", Keeper(*kept), parts, log)
    assert [each.data for each in kept] == [b"new", b"new"]


def test_parts_of_another_section_are_not_taken(log):
    keeper = Keeper(Kept("a"))
    assert not loaded("others", keeper, parts_of(Kept("a", data=b"1")), log)
    assert keeper.kept[0].data == b"new"


def test_each_takes_its_own_parts_out_so_that_nobody_else_keeps_them():
    parts = {**parts_of(Kept("a", data=b"1")), "exporter files: b: c": None, "exporter fil: a": 1}
    assert set(taken("files", parts)) == {"exporter files: a", "exporter files: b: c"}
    assert set(parts) == {"exporter fil: a"}


def test_where_one_cannot_be_loaded_all_are_as_new_and_it_is_told(log):
    parts = parts_of(Kept("a", data=b"1"), Kept("b", data=b"bad"))
    keeper = Keeper(Kept("a"), Kept("b"))
    assert not loaded("files", keeper, parts, log)
    assert [kept.data for kept in keeper.kept] == [b"new", b"new"]
    ((level, text, values),) = log.lines
    assert (level, values["exporter"], values["error"]) == (
        "warning",
        "files",
        "ValueError: it is bad",
    )
    assert "told everything again" in text


@pytest.mark.parametrize("answer", [None, 7, "text"])
def test_what_cannot_be_dumped_is_left_out_and_told(answer, log):
    class Odd(Kept):
        def dump(self):
            if answer is None:
                raise RuntimeError
            return answer

    assert dumped("files", Keeper(Odd()), log) == []
    assert [line[0] for line in log.lines] == ["warning"]
