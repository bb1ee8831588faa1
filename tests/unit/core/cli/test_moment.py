"""Times on the command line, in whatever ISO form somebody copies them from."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest
from click.testing import CliRunner

from nof0_core.cli.moment import MOMENT

NOON = datetime(2025, 7, 24, 12, tzinfo=UTC)


@click.command()
@click.option("--from", "start", type=MOMENT)
def say(start):
    click.echo(repr(start))


@pytest.mark.parametrize(
    "text",
    [
        "2025-07-24T12:00",
        "2025-07-24T12:00:00",
        "2025-07-24 12:00",
        "2025-07-24T12:00:00Z",
        "2025-07-24T12:00:00+00:00",
        "2025-07-24T14:00+02:00",
        " 2025-07-24T12 ",
    ],
)
def test_a_time_is_read_in_any_iso_form_and_counts_as_utc_without_an_offset(text):
    found = MOMENT.convert(text, None, None)

    assert found == NOON
    assert found.tzinfo is UTC


def test_a_date_is_its_midnight():
    assert MOMENT.convert("2025-07-24", None, None) == datetime(2025, 7, 24, tzinfo=UTC)
    assert MOMENT.convert(NOON, None, None) is NOON


@pytest.mark.parametrize(
    "text", ["yesterday", "24.07.2025", "2025-02-30", "", "0001-01-01T00+05:00"]
)
def test_what_is_no_time_is_refused_with_one_that_is(text):
    found = CliRunner().invoke(say, ["--from", text])

    assert found.exit_code == 2
    assert "2025-07-23T12:00" in found.output
