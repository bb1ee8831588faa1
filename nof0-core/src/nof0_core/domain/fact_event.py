"""What is recorded of the circumstances of a run: configuration, instruments, venue accounts.

A re-run elsewhere has nothing else to go by. Each is written when it differs from what the journal
has already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs

from nof0_core.domain.account import AccountReport
from nof0_core.domain.body import Body
from nof0_core.domain.instrument import Instrument
from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True)
class PromptTemplate:
    """A prompt template as it was when the run began.

    `digest` is the SHA-256 of `text` (UTF-8) in hex; the configuration names it so. `name` and
    `version` are those of the cycle records; None: the template has no version.
    """

    digest: str
    name: str
    version: str | None
    text: str


@attrs.frozen(kw_only=True)
class ConfigLoaded(Body):
    """The configuration a run uses, with all defaults filled in and secrets left out.

    `config` is what `nof0_core.config.effective` makes, `digest` the SHA-256 (hex) of its canonical
    JSON, which is the `config_digest` of each `EngineStarted` that runs on it. `templates` are the
    texts of all prompt templates that traders have, each once.
    """

    type: ClassVar[str] = "config_loaded"
    digest: str
    config: Mapping[str, Any]
    templates: tuple[PromptTemplate, ...]


@attrs.frozen(kw_only=True)
class InstrumentsListed(Body):
    """The rules of a market section's coins: of those that its traders use, or somebody holds."""

    type: ClassVar[str] = "instruments"
    section: str
    instruments: Mapping[Symbol, Instrument]

    def __attrs_post_init__(self) -> None:
        """Make the instruments anew: one that was read from JSON has no place for its hash."""
        made = {symbol: attrs.evolve(each) for symbol, each in self.instruments.items()}
        object.__setattr__(self, "instruments", made)


@attrs.frozen(kw_only=True)
class AccountReported(Body):
    """What the venue said of an account, as it said it.

    Written when cash, a position, its leverage or margin mode, or an order has changed since the
    newest such record of the account, else every hour of the engine's time. What marks move alone
    (equity, margin, unrealised PnL, liquidation prices) is as of the report.
    """

    type: ClassVar[str] = "account"
    venue_account: str
    report: AccountReport
