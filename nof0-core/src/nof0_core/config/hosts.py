"""By which names the API may be called: `AllowHosts` of the main file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nof0_core.config.session import Session
from nof0_core.config.tree import Table, find

ANY_HOST = "*"
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


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
