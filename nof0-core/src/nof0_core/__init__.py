"""nof0's engine: language models trade crypto perpetuals on virtual accounts.

What plugin authors import lives here: `hookimpl`, the two descriptors `ServiceKind` and
`PolicyKind`, `Env`, the references `MarketRef`, `BackendRef` and `ModelRef`, and `opt`. Each is
imported on first use, so that `import nof0_core` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nof0_core.config.fields import opt
    from nof0_core.plugins.env import BackendRef, Env, MarketRef, ModelRef
    from nof0_core.plugins.hookspecs import hookimpl
    from nof0_core.plugins.kinds import PolicyKind, ServiceKind

__all__ = [
    "BackendRef",
    "Env",
    "MarketRef",
    "ModelRef",
    "PolicyKind",
    "ServiceKind",
    "hookimpl",
    "opt",
]

_HOMES = {
    "BackendRef": "nof0_core.plugins.env",
    "Env": "nof0_core.plugins.env",
    "MarketRef": "nof0_core.plugins.env",
    "ModelRef": "nof0_core.plugins.env",
    "PolicyKind": "nof0_core.plugins.kinds",
    "ServiceKind": "nof0_core.plugins.kinds",
    "hookimpl": "nof0_core.plugins.hookspecs",
    "opt": "nof0_core.config.fields",
}


def __getattr__(name: str) -> object:
    """Import what was asked for on first use."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
