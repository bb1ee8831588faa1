"""Building the files changes nothing of what goes into a checkpoint."""

from __future__ import annotations

from nof0_core.documents.documents import Documents
from nof0_core.testing import views


def test_a_picture_of_a_trader_without_cycles_leaves_nothing_behind():
    documents = Documents(conversations_per_trader=5, candles_per_coin=50)
    before = documents.dump()
    assert list(documents.build(views.view(0)))
    assert documents.dump() == before
