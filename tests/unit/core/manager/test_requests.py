"""The control directory: whole files, each request once, unreadable means stop."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from nof0_core.domain.vocabulary import ControlCommand
from nof0_core.errors import UsageError
from nof0_core.manager.requests import Halt, HaltSwitch, Requests

NOW = datetime(2025, 7, 1, tzinfo=UTC)


def test_a_halt_comes_back_as_it_was_set_and_goes_when_lifted(tmp_path):
    switch = HaltSwitch(tmp_path)
    assert switch.read() is None
    halt = Halt(time=NOW, reason="enough", is_flatten=True)
    switch.set(halt)
    assert HaltSwitch(tmp_path).read() == halt
    assert [p.name for p in switch.path.parent.iterdir()] == ["halt.json"]
    assert switch.lift()
    assert switch.read() is None
    assert not switch.lift()


def test_a_reason_that_is_no_text_keeps_nobody_from_halting(tmp_path):
    # What a shell hands over for a byte that is no UTF-8.
    HaltSwitch(tmp_path).set(Halt(time=NOW, reason="bad \udcff byte", is_flatten=True))
    assert HaltSwitch(tmp_path).read() == Halt(time=NOW, reason="bad ? byte", is_flatten=True)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(content, id=name)
        for name, content in {
            "empty": b"",
            "cut off": b"{",
            "list": b"[]",
            "reason is a number": b'{"reason": 3}',
            "no text": b"\xff\xfe",
            "no text inside": b'{"reason": "\xff"}',
            "deeper than any": b"[" * 100_000,
            "unknown key, deeper than any": b'{"x":' + b"[" * 100_000,
            "a time that is none": b'{"time": "soon"}',
            "flatten is a word": b'{"flatten": "yes"}',
        }.items()
    ],
)
def test_a_marker_that_cannot_be_understood_halts_without_flattening(tmp_path, content):
    switch = HaltSwitch(tmp_path)
    switch.path.parent.mkdir()
    switch.path.write_bytes(content)
    found = switch.read()
    assert found is not None
    assert not found.is_flatten
    assert "cannot be read" in found.reason


def test_a_marker_that_is_a_directory_halts(tmp_path):
    switch = HaltSwitch(tmp_path)
    switch.path.mkdir(parents=True)
    assert switch.read() is not None


def test_a_data_directory_that_is_a_file_is_told(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        HaltSwitch(tmp_path / "data").set(Halt(time=NOW, reason="", is_flatten=False))


def test_requests_come_in_the_order_they_were_made_and_each_until_it_is_dropped(tmp_path):
    requests = Requests(tmp_path)
    assert requests.read() == []
    late = requests.add(ControlCommand.RESUME, "ann", None, NOW + timedelta(seconds=1))
    first = requests.add(ControlCommand.CLOSE, "bob", "BTC", NOW)
    second = requests.add(ControlCommand.PAUSE, "ann", None, NOW)
    assert requests.read() == [first, second, late]
    assert Requests(tmp_path).read() == [first, second, late]
    requests.drop(first)
    requests.drop(first)
    assert requests.read() == [second, late]


def test_half_written_files_are_not_seen_and_bad_ones_set_aside(tmp_path):
    requests = Requests(tmp_path)
    good = requests.add(ControlCommand.PAUSE, "ann", None, NOW)
    (requests.directory / ".0.json.7.part").write_text('{"command": "cl')
    (requests.directory / "0.json").write_text('{"command": "explode", "trader": "ann"}')
    assert requests.read() == [good]
    assert (requests.directory / "0.bad").exists()
    assert requests.read() == [good]


def test_a_settlement_says_where_what_and_who_and_nothing_less(tmp_path):
    requests = Requests(tmp_path)
    asked = requests.add(
        ControlCommand.SETTLE, None, "ETH", NOW, venue_account="paper", by="ca\x1b[2Jrla" + "x" * 99
    )
    assert (asked.venue_account, asked.symbol, asked.trader) == ("paper", "ETH", None)
    assert asked.by == ("ca[2Jrla" + "x" * 99)[:64]
    assert requests.read() == [asked]
    bad = {
        "1": '{"command": "settle", "symbol": "ETH"}',
        "2": '{"command": "settle", "venue_account": "paper"}',
        "3": '{"command": "settle", "venue_account": "paper", "symbol": "ETH", "trader": "ann"}',
        "4": '{"command": "pause"}',
        "5": '{"command": "close", "trader": "ann", "venue_account": "paper"}',
    }
    for name, text in bad.items():
        (requests.directory / f"{name}.json").write_text(text)
    assert requests.read() == [asked]
    assert sorted(p.stem for p in requests.directory.glob("*.bad")) == sorted(bad)
    (requests.directory / "6.json").write_text(
        '{"command": "settle", "venue_account": "paper", "symbol": "ETH"}'
    )
    assert requests.read()[1].by == "somebody"


def test_a_look_changes_nothing(tmp_path):
    requests = Requests(tmp_path)
    good = requests.add(ControlCommand.PAUSE, "one", None, NOW)
    bad = requests.directory / "0.json"
    bad.write_text("[")
    assert requests.look() == [good]
    assert bad.exists()


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_keeps_nobody_waiting(tmp_path, make):
    requests = Requests(tmp_path)
    good = requests.add(ControlCommand.PAUSE, "one", None, NOW)
    make(requests.directory / "0.json")
    make(tmp_path / "control" / "halt.json")
    assert requests.read() == [good]
    halt = HaltSwitch(tmp_path).read()
    assert halt is not None
    assert "it is a " in halt.reason
