"""The bar of work whose steps have a known size."""

from __future__ import annotations

import pytest

from nof0_core.cli.steps_progress import steps_followed


@pytest.fixture
def shown(monkeypatch, capsys):
    """Return what standard error has of two steps; nothing else is ever written."""

    def go(*, is_terminal, is_quiet=False):
        monkeypatch.setenv("FORCE_COLOR" if is_terminal else "NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "80")
        with steps_followed(is_quiet=is_quiet) as follow:
            follow("the journal", 3, 4)
            follow("the table klines", 1, 2)
        found = capsys.readouterr()
        assert not found.out
        return found.err

    return go


def test_a_terminal_shows_the_step_and_how_much_of_it_is_done(shown):
    text = shown(is_terminal=True)
    assert "the table klines" in text
    assert "50%" in text


def test_elsewhere_nothing_is_written(shown):
    assert shown(is_terminal=False) == ""


def test_who_wants_quiet_sees_nothing_on_a_terminal_either(shown):
    assert shown(is_terminal=True, is_quiet=True) == ""
