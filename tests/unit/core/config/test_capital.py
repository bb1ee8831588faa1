"""Capital: what traders are promised, against what there is."""

from __future__ import annotations


def paper(bench, balance):
    bench.write(
        "etc/exchange.yaml",
        f"providers:\n  paper: {{type: sim, initial_balance_usd: {balance}}}\n",
    )


def test_a_paper_account_must_begin_with_what_its_traders_get(bench):
    paper(bench, 4999)
    first, hint = bench.problems().splitlines()
    assert first == (
        "etc/manager.yaml:2: manager.total_equity_usd: the traders of paper get 5000 USD, but its "
        "account begins with 4999"
    )
    assert hint.endswith("raise the balance of paper (etc/exchange.yaml:2)")


def test_what_it_just_holds_is_enough(bench):
    paper(bench, 5000)
    assert bench.load().total_equity_usd == 10_000


def test_nobody_with_capital_is_worth_a_note(bench):
    bench.replace("etc/manager.yaml", "allocation_pct: 50", "allocation_pct: 0")
    [warning] = bench.load().warnings
    assert str(warning).startswith(
        "etc/manager.yaml:6: traders.0.allocation_pct: all traders of paper have an allocation_pct"
    )


def test_one_with_capital_is_enough(bench):
    bench.replace(
        "etc/manager.yaml",
        "  - id: one",
        "  - {id: two, model: dummy, allocation_pct: 0}\n  - id: one",
    )
    assert not bench.load().warnings
