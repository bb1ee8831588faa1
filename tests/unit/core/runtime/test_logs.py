"""Where log lines go, and whom that does not concern."""

from __future__ import annotations

import json

import structlog

from nof0_core.config.model import LoggingConfig
from nof0_core.redaction import Redactor
from nof0_core.runtime.logs import logging_to


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_two_logs_of_one_process_are_kept_apart(tmp_path):
    first, second, shown = tmp_path / "a" / "x.log", tmp_path / "b" / "x.log", []
    with logging_to(first, is_verbose=True, echo=shown.append) as make_first:
        early = make_first("early")
        with logging_to(second, is_verbose=False, echo=shown.append) as make_second:
            early.debug("one")
            make_second("other").debug("left out")
            make_second("other").warning("two", code="c")
        early.info("three")
        make_first("late").info("four")
    assert [(x["event"], x["part"], x["level"]) for x in lines(first)] == [
        ("one", "early", "debug"),
        ("three", "early", "info"),
        ("four", "late", "info"),
    ]
    assert [(x["event"], x["part"], x["code"]) for x in lines(second)] == [("two", "other", "c")]
    assert shown == ["warning: two"]


def test_the_configuration_of_the_program_around_stays_and_is_not_followed(tmp_path):
    own = structlog.testing.LogCapture()
    structlog.configure(processors=[own])
    try:
        with logging_to(tmp_path / "x.log", is_verbose=False) as make:
            make("engine").info("inside")
            structlog.get_logger().info("outside")
        structlog.get_logger().info("after")
    finally:
        structlog.reset_defaults()
    assert [entry["event"] for entry in own.entries] == ["outside", "after"]
    assert [line["event"] for line in lines(tmp_path / "x.log")] == ["inside"]


def test_the_level_decides_what_is_written_and_shown(tmp_path):
    path, shown = tmp_path / "x.log", []
    settings = LoggingConfig(level="error")
    with logging_to(path, is_verbose=False, echo=shown.append, settings=settings) as make:
        log = make("engine")
        log.info("one")
        log.warning("two")
        log.error("three")
    assert [line["event"] for line in lines(path)] == ["three"]
    assert shown == ["error: three"]


def test_verbose_is_stronger_than_the_level(tmp_path):
    settings = LoggingConfig(level="error")
    with logging_to(tmp_path / "x.log", is_verbose=True, settings=settings) as make:
        make("engine").debug("one")
    assert [line["event"] for line in lines(tmp_path / "x.log")] == ["one"]


def test_lines_for_people_stay_single_and_hold_no_secret(tmp_path):
    path = tmp_path / "x.log"
    settings = LoggingConfig(format="console")
    redactor = Redactor(["canary-secret"])
    with logging_to(path, is_verbose=False, redactor=redactor, settings=settings) as make:
        make("engine").info("two\nlines", trader="alpha", why='a "b"\nc', none=None, n=3)
        make("engine").info("key canary-secret", key="canary-secret")
    first, second = path.read_text().splitlines()
    assert first.partition(" ")[2] == (
        'info    engine: two lines  trader=alpha why="a \\"b\\"\\nc" n=3'
    )
    assert first[:4].isdigit()
    assert "canary" not in second


def test_the_file_is_kept_within_its_limits(tmp_path):
    path = tmp_path / "x.log"
    settings = LoggingConfig(max_bytes=1000, keep=2)
    with logging_to(path, is_verbose=False, settings=settings) as make:
        for number in range(100):
            make("engine").info("again", number=number)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x.log", "x.log.1", "x.log.2"]
    assert all(one.stat().st_size <= 1000 for one in tmp_path.iterdir())
    assert lines(path)[-1]["number"] == 99
