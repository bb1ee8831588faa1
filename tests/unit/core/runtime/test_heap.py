"""What the garbage collector looks at while an engine runs."""

from __future__ import annotations

import gc

from nof0_core.runtime.heap import spared_heap


def test_what_exists_is_left_alone_until_the_end():
    frozen = gc.get_freeze_count()
    with spared_heap():
        assert gc.get_freeze_count() > frozen
    assert gc.get_freeze_count() == 0


def test_what_comes_later_is_collected():
    class Ring:
        def __init__(self):
            self.me = self

        def __del__(self):
            gone.append(True)

    gone = []
    with spared_heap():
        Ring()
        gc.collect()
        assert gone == [True]
