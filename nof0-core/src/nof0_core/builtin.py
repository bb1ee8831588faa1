"""Core's own kinds, registered through the same hooks as everybody's."""

from __future__ import annotations

from typing import Any

from nof0_core.plugins.hookspecs import hookimpl
from nof0_core.plugins.kinds import PolicyKind, ServiceKind


@hookimpl
def nof0_risk_checks() -> tuple[PolicyKind[Any, Any], ...]:
    """Offer the built-in risk checks."""
    from nof0_core.risk.kinds import RISK_CHECKS

    return RISK_CHECKS


@hookimpl
def nof0_allocators() -> tuple[PolicyKind[Any, Any], ...]:
    """Offer the built-in allocation strategies."""
    from nof0_core.manager.allocation import ALLOCATORS

    return ALLOCATORS


@hookimpl
def nof0_exporters() -> tuple[ServiceKind[Any, Any], ...]:
    """Offer the built-in exporters."""
    from nof0_core.exporters.kinds import EXPORTERS

    return EXPORTERS
