"""Which web sites may read the API: `Cors.AllowOrigins` of the main file."""

from __future__ import annotations

import re

from nof0_core.config.files.main import CorsBlock
from nof0_core.config.session import Session
from nof0_core.config.tree import Table, find

ANY_ORIGIN = "*"
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")


def check_origins(session: Session, cors: CorsBlock, main: Table) -> None:
    """Note every origin a browser would never send: it could not have any effect."""
    for position, origin in enumerate(cors.allow_origins):
        if origin != ANY_ORIGIN and not _ORIGIN.fullmatch(origin):
            session.problems.add(
                find(main, "Cors", "AllowOrigins", position),
                f'"{origin}" is not an origin',
                "write https://example.org or http://localhost:3000, in lower case, without a "
                'path; "*" means every site',
            )
