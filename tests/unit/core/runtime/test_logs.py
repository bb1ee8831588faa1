"""Where log lines go, and whom that does not concern."""

from __future__ import annotations

import json

import structlog

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
