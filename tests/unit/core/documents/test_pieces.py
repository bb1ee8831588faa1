from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.documents.pieces import PIECE_NAME, Part, Piece, layout_text, list_text

numbers = st.lists(st.integers().map(str).map(str.encode))


@given(numbers, numbers)
def test_the_same_rows_make_the_same_piece_and_others_another(rows, others):
    piece, other = (Piece.of("trades", "trades", each) for each in (rows, others))
    assert (piece.name == other.name) == (rows == others)
    assert PIECE_NAME.fullmatch(piece.name)
    assert json.loads(piece.content) == {"trades": [int(row) for row in rows]}


def test_a_piece_of_pieces_stands_for_all_their_rows():
    inner = [Piece.of("d", "k", [b"1"] * count) for count in (2, 3)]
    outer = Piece.of("d", "k", layout=[piece.part() for piece in inner])
    assert outer.part() == Part(5, outer.name)
    assert json.loads(outer.content) == {
        "k": [],
        "layout": [{"rows": 2, "piece": inner[0].name}, {"rows": 3, "piece": inner[1].name}],
    }


@pytest.mark.parametrize(
    ("given", "entry"),
    [
        ({}, {"rows": 4}),
        ({"start": 1}, {"rows": 3, "from": 1}),
        ({"rows": 2}, {"rows": 2}),
        ({"start": 1, "rows": 2}, {"rows": 2, "from": 1}),
    ],
)
def test_an_entry_says_which_rows_of_a_piece_are_meant(given, entry):
    piece = Piece.of("d", "k", [b"1"] * 4)
    text = list_text("k", []) + layout_text([piece.part(**given)]) + b"}"
    assert json.loads(text)["layout"] == [{**entry, "piece": piece.name}]


def test_without_pieces_there_is_no_layout():
    assert layout_text([]) == b""
