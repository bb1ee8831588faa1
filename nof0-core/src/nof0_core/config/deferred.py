"""Keys that are understood but have no effect yet; each becomes a warning, never a silence."""

from __future__ import annotations

from nof0_core.config.session import Session
from nof0_core.config.tree import Items, Node, Scalar, Table

TRADER = (
    "daily_loss_limit_pct",
    "max_drawdown_pct",
    "budget_usd_per_day",
    "fallback_models",
    "exec_guards.cooldown_after_close",
    "exec_guards.sharpe_pause_threshold",
    "exec_guards.sharpe_pause_duration",
)
MODEL = ("priority", "cost_per_million_tokens", "price", "budget_usd_per_day")
MAIN = (
    "Logging.SlowThreshold.SQL",
    "Logging.SlowThreshold.Redis",
    "Logging.VerboseSQL",
    "Logging.VerboseLLM",
)


def warn_deferred(
    session: Session, main: Table | None, models: Table | None, traders: tuple[Node, ...]
) -> None:
    """Warn about each such key that is written, unless it is empty or switched off.

    Settings of `Postgres` and `Cache` need no word while there is no database: they describe
    something that is not there.
    """
    for key in MAIN:
        _warn(session, main, key)
    for entry in models.entries.values() if models is not None else ():
        for key in MODEL:
            _warn(session, entry, key)
    for node in traders:
        for key in TRADER:
            _warn(session, node, key)


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
