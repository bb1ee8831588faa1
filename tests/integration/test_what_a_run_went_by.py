"""What a re-run elsewhere needs stands in the journal of the shipped configuration."""

from __future__ import annotations

from nof0_core.domain.event import AccountReported, CycleEnded, Decided
from nof0_core.journal import Journal
from nof0_core.state.engine_state import EngineState


def events(run):
    with Journal.open(run.data / "journal") as journal:
        return list(journal.read())


def figures(state, trader):
    """What an account holds without any mark."""
    home = state.venue_account_of(trader)
    if home is None:
        return {}, {}
    account = state.account(home, trader, {}, state.inception, {})
    held = {h.symbol: (h.quantity, h.exit_plan, h.protection) for h in account.holdings}
    return (account.cash, account.deposited, account.fees, account.funding), held


def test_the_account_of_each_cycle_is_the_journal_up_to_its_number(demo):
    story, state = events(demo), EngineState()
    cycles = {}
    for event in story:
        if isinstance(event.body, Decided | CycleEnded):
            cycles.setdefault(event.body.as_of, []).append((event.seq, event.body))
    assert 0 not in cycles
    compared = held = 0
    for event in story:
        state.apply(event)
        for seq, body in cycles.get(event.seq, ()):
            assert body.as_of < seq
            seen = body.account
            money = (seen.cash, seen.deposited, seen.fees, seen.funding)
            holdings = {h.symbol: (h.quantity, h.exit_plan, h.protection) for h in seen.holdings}
            assert figures(state, body.trader) == (money, holdings)
            compared, held = compared + 1, held + len(holdings)
    assert compared > 400
    assert held > 10


def test_both_records_of_a_cycle_name_the_same_number(demo):
    decided = {e.seq: e.body for e in events(demo) if isinstance(e.body, Decided)}
    ended = [e.body for e in events(demo) if isinstance(e.body, CycleEnded) and e.body.decided]
    assert ended
    assert all(decided[body.decided].as_of == body.as_of for body in ended)


def test_reports_of_the_venue_are_what_the_ledger_came_to(demo):
    state, told = EngineState(), 0
    last = {}
    for event in events(demo):
        state.apply(event)
        body = event.body
        if isinstance(body, AccountReported):
            last[body.venue_account] = body.report
            told += 1
    assert told > 10
    for venue_account, report in last.items():
        assert state.facts.account(venue_account).report == report


def test_what_a_run_goes_by_is_written_once_and_names_no_machine(demo):
    kinds = [record["type"] for record in demo.records()]
    assert kinds[:2] == ["engine_started", "config_loaded"]
    assert kinds.count("config_loaded") == 1
    [config] = demo.records("config_loaded")
    assert str(demo.data) not in str(config["data"]["config"])
    assert str(demo.config.parent.parent) not in str(config["data"])
