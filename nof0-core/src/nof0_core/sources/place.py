"""Where a database is, and whose rows of it are read."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class DatabasePlace:
    """A database: `data_source` is `postgresql://…` or `sqlite:///PATH`, `engine` the `Name`.

    Imported files are those of an engine `import:<name>`.
    """

    data_source: str = attrs.field(repr=False)
    engine: str
