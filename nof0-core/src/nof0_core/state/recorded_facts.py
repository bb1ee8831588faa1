"""What the journal has already of a run's circumstances, as a fold of events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import attrs
import msgspec

from nof0_core.domain.account import AccountReport
from nof0_core.domain.body import Body
from nof0_core.domain.event import AccountReported, ConfigLoaded, Event, InstrumentsListed
from nof0_core.domain.instrument import Instrument
from nof0_core.ids import Symbol
from nof0_core.state.changes import Change
from nof0_core.state.projection import Handler


@attrs.frozen(kw_only=True)
class LastReport:
    """The newest recorded report of a venue account, and when it was recorded (UTC)."""

    time: datetime
    report: AccountReport


@attrs.frozen(kw_only=True)
class _Kept:
    """What a dump holds."""

    config_digest: str
    instruments: dict[str, InstrumentsListed]
    accounts: dict[str, LastReport]


class RecordedFacts:
    """The newest configuration, instruments and account reports: whoever has news compares.

    `config_digest` is that of the newest `ConfigLoaded`, empty before the first. Everything
    returned is a value.
    """

    name: ClassVar[str] = "recorded_facts"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.config_digest = ""
        self._instruments: dict[str, InstrumentsListed] = {}
        self._accounts: dict[str, LastReport] = {}

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event.

        None of these events can be untrue: they repeat what a file, a market or a venue said.
        """
        return {
            ConfigLoaded: self._config_loaded,
            InstrumentsListed: self._instruments_listed,
            AccountReported: self._account_reported,
        }

    def instruments(self, section: str) -> Mapping[Symbol, Instrument]:
        """Return the instruments recorded last of a market section; empty before the first."""
        found = self._instruments.get(section)
        return {} if found is None else found.instruments

    def account(self, venue_account: str) -> LastReport | None:
        """Return the newest recorded report of a venue account, None before the first."""
        return self._accounts.get(venue_account)

    def dump(self) -> bytes:
        """Return all of it as JSON, for `load`."""
        return msgspec.json.encode(
            _Kept(
                config_digest=self.config_digest,
                instruments=self._instruments,
                accounts=self._accounts,
            )
        )

    def load(self, data: bytes) -> None:
        """Take the place of what is known with what `dump` returned, in this `version`.

        Raises:
            ValueError: it is no such dump; nothing has changed then.
        """
        try:
            kept = msgspec.json.decode(data, type=_Kept)
        except (msgspec.MsgspecError, ValueError) as error:
            message = f"this is no dump of {self.name}, version {self.version}: {error}"
            raise ValueError(message) from error
        self.config_digest = kept.config_digest
        self._instruments, self._accounts = kept.instruments, kept.accounts

    def _config_loaded(self, event: Event, body: ConfigLoaded) -> Change:  # noqa: ARG002 - a handler
        def change() -> None:
            self.config_digest = body.digest

        return change

    def _instruments_listed(self, event: Event, body: InstrumentsListed) -> Change:  # noqa: ARG002 - a handler
        return lambda: self._instruments.update({body.section: body})

    def _account_reported(self, event: Event, body: AccountReported) -> Change:
        last = LastReport(time=event.time, report=body.report)
        return lambda: self._accounts.update({body.venue_account: last})
