"""Keys that are understood but have no effect yet; each becomes a warning, never a silence."""

from __future__ import annotations

from nof0_core.config.session import Session
from nof0_core.config.tree import Items, Node, Scalar, Table

MAIN = ("Logging.SlowThreshold.Redis",)


def warn_deferred(session: Session, main: Table | None) -> None:
    """Warn about each such key that is written, unless it is empty or switched off.

    Settings of `Postgres` and `Cache` need no word while there is no database: they describe
    something that is not there.
    """
    for key in MAIN:
        _warn(session, main, key)


def _warn(session: Session, node: Node | None, key: str) -> None:
    for step in key.split("."):
        node = node.get(step) if isinstance(node, Table) else None
    if node is None or node.is_empty:
        return
    if isinstance(node, Scalar) and node.text == "false":
        return
    if (isinstance(node, Items) and not node.items) or (
        isinstance(node, Table) and not node.entries
    ):
        return
    session.warn(node.place, "is not enforced yet")
