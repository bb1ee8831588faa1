"""What sections found, laid out for a terminal or a pipe."""

from __future__ import annotations

import pytest

from nof0_core.cli.check_online import table
from nof0_core.domain.finding import Finding, FindingLevel
from nof0_core.project import SectionFindings

LONG = "private_key is no API wallet of 0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a: make a new one"
FOUND = (
    SectionFindings(
        family="exchange",
        section="hyperliquid_testnet",
        place="exchange.yaml:7",
        findings=(
            Finding(level=FindingLevel.OK, sentence="all is well"),
            Finding(level=FindingLevel.PROBLEM, sentence=LONG),
        ),
    ),
    SectionFindings(family="backend", section="b", place="llm.yaml:1"),
)


@pytest.mark.parametrize("width", [85, 100])
def test_a_terminal_gets_whole_addresses_that_hang_below_each_other(width):
    lines = table(FOUND, width)
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()).count(LONG) == 1
    margin = lines[0].index("all is well")
    assert all(line[:margin].strip() == "" for line in lines[2:-1] if "problem" not in line)


def test_a_pipe_gets_one_line_for_each_finding():
    assert [LONG in line for line in table(FOUND, None)] == [False, True, False]
