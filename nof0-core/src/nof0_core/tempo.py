"""What follows from how time passes in a run, decided once by who drives it.

Nobody else asks which clock there is: each part is given the decisions that concern it.
"""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Tempo:
    """The decisions, each by itself.

    Args:
        is_passing: time passes while work is done: a price that was judged may be another when the
            order leaves, what was sent may still be under way at the next call, and what one call
            takes is lacking to the others.
        at_once: several things are done at a time, and beside trading what no event depends on;
            else one after the other, in an order that is the same in each run.
        tries_by_round: what was refused is tried again at the next look at the venue, and given up
            after so many refusals; else both after so many real seconds.
        hangs_end: a call that hangs ends the run with an error, for no time limit of it may become
            an outcome.
        opens_late: a section that does not open is tried again while the others run; else all of
            them are open before anything happens, or nothing happens.
        may_be_set: somebody may set the clock, back or ahead.
        shares_answers: what a market or a venue said a moment ago serves others who ask the same;
            else each asks for itself.
        accounts_by_day: what a venue says of its account is written down once in each day, not
            whenever it says something else: nobody looks at the journal before the run is over.
        model_grace: real seconds a model's backend has, beyond the time it is allowed, to give up
            by itself: when it does is on a tape, when it is broken off is not.
    """

    is_passing: bool
    at_once: bool
    tries_by_round: bool
    hangs_end: bool
    opens_late: bool
    may_be_set: bool
    shares_answers: bool
    accounts_by_day: bool
    model_grace: float


PASSING = Tempo(
    is_passing=True,
    at_once=True,
    tries_by_round=False,
    hangs_end=False,
    opens_late=True,
    may_be_set=True,
    shares_answers=True,
    accounts_by_day=False,
    model_grace=0.0,
)
"""Time runs by itself."""
STANDING = Tempo(
    is_passing=False,
    at_once=False,
    tries_by_round=True,
    hangs_end=True,
    opens_late=False,
    may_be_set=False,
    shares_answers=False,
    accounts_by_day=False,
    model_grace=60.0,
)
"""Time stands still while work is done, so the speed of the machine decides nothing."""
PAST = attrs.evolve(STANDING, accounts_by_day=True)
"""The same over history, which is looked at when it is over."""
