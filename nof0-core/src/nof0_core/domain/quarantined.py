"""What is not believed at the moment."""

from __future__ import annotations

from datetime import datetime

import attrs

from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True)
class Quarantined:
    """A coin of a section, or all of it (`symbol` None), and the bad value that is to blame.

    `family` is `market` or `exchange`, `section` the name in its file, `verb` the call whose
    answer it was, `problem` the end of a sentence about it. `since` is engine time (UTC). It is
    looked at anew by every start.
    """

    family: str
    section: str
    symbol: Symbol | None
    verb: str
    problem: str
    since: datetime
