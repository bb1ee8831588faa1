"""The journal: append-only JSON lines per trader and day, chained by hashes, and compressed later.

`Journal` writes it, `read` reads one that somebody else may be writing, `verify` proves that it is
complete and unchanged.
"""

from nof0_core.journal.anchor import Anchor, StreamAnchor
from nof0_core.journal.bookmark import Bookmark
from nof0_core.journal.codec import as_json
from nof0_core.journal.journal import Journal
from nof0_core.journal.reading import read, records
from nof0_core.journal.record import Record
from nof0_core.journal.recover import Torn
from nof0_core.journal.scan import Fault
from nof0_core.journal.verify import Report, verify

__all__ = [
    "Anchor",
    "Bookmark",
    "Fault",
    "Journal",
    "Record",
    "Report",
    "StreamAnchor",
    "Torn",
    "as_json",
    "read",
    "records",
    "verify",
]
