"""The six families of kinds, with the words used for them."""

from __future__ import annotations

from typing import Any

import attrs

from nof0_core.plugins.kinds import BackendKind, ExchangeKind, PolicyKind, ServiceKind


@attrs.frozen(kw_only=True)
class Family:
    """One set of kinds among which a `type` is unique.

    `noun` is what messages call a member. `hook` returns the kinds, which are instances of
    `descriptor`. `package` is the naming pattern of third-party distributions.
    """

    name: str
    noun: str
    hook: str
    descriptor: type[ServiceKind[Any, Any] | PolicyKind[Any, Any]]
    package: str


FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="market",
            noun="market provider",
            hook="nof0_market_providers",
            descriptor=ServiceKind,
            package="nof0-provider-<venue>",
        ),
        Family(
            name="exchange",
            noun="exchange provider",
            hook="nof0_exchange_providers",
            descriptor=ExchangeKind,
            package="nof0-provider-<venue>",
        ),
        Family(
            name="llm",
            noun="LLM backend",
            hook="nof0_llm_backends",
            descriptor=BackendKind,
            package="nof0-llm-<backend>",
        ),
        Family(
            name="exporter",
            noun="exporter",
            hook="nof0_exporters",
            descriptor=ServiceKind,
            package="nof0-export-<sink>",
        ),
        Family(
            name="risk",
            noun="risk check",
            hook="nof0_risk_checks",
            descriptor=PolicyKind,
            package="nof0-risk-<name>",
        ),
        Family(
            name="allocator",
            noun="allocation strategy",
            hook="nof0_allocators",
            descriptor=PolicyKind,
            package="nof0-alloc-<name>",
        ),
    )
}
COMMANDS_HOOK = "nof0_commands"
COMPANIONS_HOOK = "nof0_companions"
