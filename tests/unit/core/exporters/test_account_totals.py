from __future__ import annotations

import json
from datetime import timedelta

from nof0_core.documents import account_totals
from nof0_core.documents.account_totals import HourlyRows
from nof0_core.documents.pieces import Part


def rows(hours, current=()):
    sheet, highest = hours.sheet(current)
    return [json.loads(row) for row in sheet.rows], highest


def test_an_hour_marked_again_after_a_restart_stays_as_it_was(story, evolve):
    told = story(1)
    account = told.account("alpha")
    hours = HourlyRows()
    hours.begin(account)
    later = evolve(account, time=account.time + timedelta(hours=1), equity=account.equity + 5)
    hours.add_point(later)
    hours.add_point(evolve(later, equity=account.equity + 50))
    found, highest = rows(hours)
    assert highest == 1
    assert found[1]["dollar_equity"] == float(account.equity + 5)


def test_an_account_that_began_within_an_hour_has_its_end_in_the_row(story, evolve):
    account = story(1).account("alpha")
    hours = HourlyRows()
    hours.begin(evolve(account, time=account.time + timedelta(minutes=7)))
    hours.add_point(
        evolve(account, time=account.time + timedelta(hours=1), equity=account.equity + 5)
    )
    found, _ = rows(hours)
    assert [row["since_inception_minute_marker"] for row in found] == [53]
    assert found[0]["dollar_equity"] == float(account.equity + 5)


def test_the_running_hour_takes_the_place_of_the_row_it_began_with(story, evolve):
    account = story(1).account("alpha")
    hours = HourlyRows()
    hours.begin(account)
    now = evolve(account, time=account.time + timedelta(minutes=10))
    found, _ = rows(hours, [(now, 0.0)])
    assert [row["since_inception_minute_marker"] for row in found] == [10]


def test_an_account_without_capital_has_no_rows(story):
    hours = HourlyRows()
    hours.add_point(story(1).account("alpha"))
    assert rows(hours, [(story(1).account("alpha"), 0.0)]) == ([], 0)


def whole(hours, pieces):
    """The ids of all rows, in the order the layout says."""

    def follow(layout, own):
        own = iter(own)
        for part in layout:
            piece = pieces.get(part.piece)
            if piece is None:
                yield from (json.loads(next(own))["id"] for _ in range(part.rows))
            else:
                inner = piece.layout or [Part(len(piece.rows))]
                found = [*follow(inner, piece.rows)]
                assert len(found) == part.rows
                yield from found

    sheet, _ = hours.sheet(())
    return [*follow(sheet.layout or [Part(len(sheet.rows))], sheet.rows)]


def test_elapsed_hours_leave_for_pieces_and_memory_stays_bounded(story, evolve, monkeypatch):
    monkeypatch.setattr(account_totals, "PIECE_BYTES", 5000)
    monkeypatch.setattr(account_totals, "GATHERED", 4)
    told = story(1)
    hours, pieces, seen = HourlyRows(), {}, 0
    accounts = [told.account("alpha"), told.account("beta")]
    for account in accounts:
        hours.begin(account)
    for hour in range(1, 200):
        hours.seal(accounts[0].time + timedelta(hours=hour))
        for account in accounts:
            hours.add_point(evolve(account, time=account.time + timedelta(hours=hour)))
        for piece in hours.unwritten:
            pieces[piece.name] = piece
            hours.written(piece)
        assert hours.unwritten == []
        sheet, highest = hours.sheet(())
        seen = max(seen, len(sheet.rows))
        assert highest == hour
        assert set(sheet.names) == set(pieces)
    assert len(pieces) > 10
    assert len(sheet.layout) < 4 + len(pieces) / 4, "many pieces are named by one"
    assert seen < 30
    every = whole(hours, pieces)
    assert every == ["alpha_0", "beta_0"] + [
        f"{trader}_{hour}" for hour in range(1, 200) for trader in ("alpha", "beta")
    ]


def test_rows_of_an_account_that_is_marked_no_more_keep_their_place(story, evolve, monkeypatch):
    monkeypatch.setattr(account_totals, "PIECE_BYTES", 3000)
    account = story(1).account("alpha")
    gone = evolve(account, trader="gone")
    hours, plain, pieces = HourlyRows(), [], {}
    for one in (account, gone):
        hours.begin(one)
        plain.append(f"{one.trader}_0")
    for hour in range(1, 40):
        time = account.time + timedelta(hours=hour)
        hours.seal(time)
        for one in (gone, account)[hour > 3 :]:
            hours.add_point(evolve(one, time=time))
            plain.append(f"{one.trader}_{hour}")
        pieces |= {piece.name: piece for piece in hours.unwritten}
    assert len(pieces) > 3
    assert whole(hours, pieces) == plain


def test_more_accounts_than_a_piece_has_room_for_make_one_piece_an_hour(story, evolve, monkeypatch):
    monkeypatch.setattr(account_totals, "PIECE_BYTES", 1)
    told = story(1)
    accounts = [evolve(told.account("beta"), trader=f"t{n}") for n in range(20)]
    hours = HourlyRows()
    for account in accounts:
        hours.begin(account)
    for hour in range(1, 6):
        time = accounts[0].time + timedelta(hours=hour)
        hours.seal(time)
        for account in accounts:
            hours.add_point(evolve(account, time=time))
    assert [len(piece.rows) for piece in hours.unwritten] == [20] * 5


def test_the_growing_hour_never_takes_the_place_of_a_row_in_a_piece(story, evolve, monkeypatch):
    monkeypatch.setattr(account_totals, "PIECE_BYTES", 1)
    account = story(1).account("alpha")
    hours = HourlyRows()
    hours.begin(account)
    for hour in (1, 2, 3):
        hours.seal(account.time + timedelta(hours=hour))
        hours.add_point(evolve(account, time=account.time + timedelta(hours=hour)))
        growing = evolve(account, time=account.time + timedelta(hours=hour, minutes=5))
        kept, _ = rows(hours, [(growing, 0.0)])
        assert [row["id"] for row in kept] == [f"alpha_{hour}"]
        # A clock that was set back: that hour is in a piece, as it ended.
        kept, _ = rows(hours, [(evolve(growing, time=account.time), 0.0)])
        assert [row["id"] for row in kept] == [f"alpha_{hour}"]
    ids = [json.loads(row)["id"] for piece in hours.unwritten for row in piece.rows]
    assert ids == ["alpha_0", "alpha_1", "alpha_2"]
