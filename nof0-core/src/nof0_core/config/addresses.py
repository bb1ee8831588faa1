"""Names and sites the API answers: `AllowHosts` and `Cors.AllowOrigins` of the main file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nof0_core.config.files.main import CorsBlock
from nof0_core.config.session import Session
from nof0_core.config.tree import Table, find

ANY_HOST = "*"
ANY_ORIGIN = "*"
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")


def check_hosts(session: Session, hosts: Sequence[str], main: Table) -> None:
    """Note everything that is no host name: no request could carry it."""
    for position, host in enumerate(hosts):
        if host != ANY_HOST and not _NAME.fullmatch(host):
            session.problems.add(
                find(main, "AllowHosts", position),
                f'"{host}" is not a host name',
                "write nof0.example.org, in lower case, without scheme, port or path; "
                '"*" means every name',
            )


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
