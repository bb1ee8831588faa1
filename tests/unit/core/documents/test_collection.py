from __future__ import annotations

import json

import msgspec
import pytest

from nof0_core.documents import collection
from nof0_core.documents.collection import read_collection
from nof0_core.documents.pieces import Part, Piece
from nof0_core.documents.whole import PieceError


@pytest.fixture
def put(tmp_path):
    """Write a main file of trades, one of its own rows after those of each piece."""

    def put(*pieces, written=True):
        for piece in pieces:
            if written:
                (tmp_path / piece.name).write_bytes(piece.content)
        layout = [part for piece in pieces for part in (piece.part(), Part(1))]
        rows = [f"own {n}" for n in range(len(pieces))]
        text = {"trades": rows, "layout": json.loads(msgspec.json.encode(layout))}
        (tmp_path / "trades.json").write_text(json.dumps(text))

    return put


def piece(*rows):
    return Piece.of("trades", "trades", [json.dumps(row).encode() for row in rows])


def test_all_rows_are_read_in_the_order_of_the_layout(put, tmp_path):
    put(piece("a", "b"), piece("c"))
    assert read_collection(tmp_path, "trades.json", "trades") == ["a", "b", "own 0", "c", "own 1"]


def test_a_file_without_a_layout_has_all_rows(tmp_path):
    (tmp_path / "trades.json").write_text('{"trades": [1, 2]}')
    assert read_collection(tmp_path, "trades.json", "trades") == [1, 2]


def test_a_piece_that_is_not_there_is_named(put, tmp_path):
    put(piece("a"), written=False)
    with pytest.raises(PieceError) as caught:
        read_collection(tmp_path, "trades.json", "trades")
    assert caught.value.name == piece("a").name


def test_a_main_file_that_was_replaced_meanwhile_is_read_again(put, tmp_path, monkeypatch):
    old, new = piece("old"), piece("new")
    put(old)
    real = collection.read_bytes

    def late(path):
        if path.name == old.name:
            path.unlink()
            put(new)
        return real(path)

    monkeypatch.setattr(collection, "read_bytes", late)
    assert read_collection(tmp_path, "trades.json", "trades") == ["new", "own 0"]
