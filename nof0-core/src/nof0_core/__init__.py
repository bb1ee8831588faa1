"""nof0's engine: language models trade crypto perpetuals on virtual accounts.

What plugin authors import lives here: `hookimpl`, the descriptors `ServiceKind`, `BackendKind`,
`ExchangeKind` (with `Stake`) and `PolicyKind`, `Companion`, what their services are given (`Env`,
`CompanionEnv`), the references `MarketRef`, `BackendRef` and `ModelRef`, and `opt`. Each is
imported on first use, so that `import nof0_core` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nof0_core.config.fields import opt
    from nof0_core.plugins.companion import Companion, CompanionEnv
    from nof0_core.plugins.env import BackendRef, Env, MarketRef, ModelRef
    from nof0_core.plugins.hookspecs import hookimpl
    from nof0_core.plugins.kinds import BackendKind, ExchangeKind, PolicyKind, ServiceKind, Stake

__all__ = [
    "BackendKind",
    "BackendRef",
    "Companion",
    "CompanionEnv",
    "Env",
    "ExchangeKind",
    "MarketRef",
    "ModelRef",
    "PolicyKind",
    "ServiceKind",
    "Stake",
    "hookimpl",
    "opt",
]

_HOMES = {
    "BackendKind": "nof0_core.plugins.kinds",
    "BackendRef": "nof0_core.plugins.env",
    "Companion": "nof0_core.plugins.companion",
    "CompanionEnv": "nof0_core.plugins.companion",
    "Env": "nof0_core.plugins.env",
    "ExchangeKind": "nof0_core.plugins.kinds",
    "MarketRef": "nof0_core.plugins.env",
    "ModelRef": "nof0_core.plugins.env",
    "PolicyKind": "nof0_core.plugins.kinds",
    "ServiceKind": "nof0_core.plugins.kinds",
    "Stake": "nof0_core.plugins.kinds",
    "hookimpl": "nof0_core.plugins.hookspecs",
    "opt": "nof0_core.config.fields",
}


def __getattr__(name: str) -> object:
    """Import what was asked for on first use."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
