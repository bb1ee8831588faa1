"""Kinds: what a plugin offers, described before anything is opened."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from nof0_core.plugins.env import Env

if TYPE_CHECKING:
    # They bring numpy, which the command line must not import to list plugins.
    from nof0_core.domain.finding import Finding
    from nof0_core.domain.model import ModelSpec
    from nof0_core.domain.outlook import MarketOutlook, TraderOutlook
    from nof0_core.protocols import ExchangeProvider, LLMBackend  # noqa: F401 - bases, quoted
    from nof0_core.protocols.wakes import Wakes

C = TypeVar("C")
S = TypeVar("S", covariant=True)


class Stake(StrEnum):
    """What an exchange account is about.

    PAPER: money that exists in this program or on this machine alone. TEST: an account at a venue
    where money is worth nothing. REAL: money.
    """

    PAPER = "paper money"
    TEST = "test money"
    REAL = "real money"


@attrs.frozen(kw_only=True)
class ServiceKind(Generic[C, S]):
    """A kind that owns sockets, tasks or files and therefore has a lifetime.

    `type` is the word after `type:` in YAML (lower case, digits, `-`, `_`). `config` is a frozen,
    keyword-only attrs class: the schema of the section. `open` returns an async context manager
    that yields the service. `summary` is one line for `nof0 plugins`. Markets and exporters are
    offered as this; backends and exchanges as `BackendKind` and `ExchangeKind`.

    `timeout` tells from the config of a market or an exchange how long one call may take in real
    time, at least a second; None leaves it to nof0's own limits, which it can only lower. Other
    families must not have it.

    `is_recorded` tells from the config of a market whether it is a recording, so that what cannot
    run is known before it is opened; without it nobody knows. `foresee` tells from it which coins,
    bars and period the market is going to have, reading the same files; it may raise `DataError`.
    Other families must not have these two.

    `validate` says what is wrong with a config as a whole, a sentence each (none: nothing), while
    the configuration is checked: at once, asking nobody. `check_online` is awaited by
    `nof0 check --online`, before and without `open`: whether a run would find what it depends on.
    It has 20 s of real time, opens nothing that lasts, changes nothing outside, and never spends
    money; other sections are not open then.
    """

    type: str
    config: builtins.type[C]
    open: Callable[[C, Env], AbstractAsyncContextManager[S]]
    summary: str
    timeout: Callable[[C], timedelta | None] | None = None
    is_recorded: Callable[[C], bool] | None = None
    validate: Callable[[C], Sequence[str]] | None = None
    check_online: Callable[[C, Env], Awaitable[Sequence[Finding]]] | None = None
    foresee: Callable[[C], MarketOutlook] | None = None


@attrs.frozen(kw_only=True)
class BackendKind(ServiceKind[C, "LLMBackend"]):
    """An LLM backend; it adds what is true of the models it answers for.

    `params` is the attrs class of a model entry's `params` mapping (None: the kind takes none).
    `reads_prompt` tells that the backend sends text to a model, so that sampling settings such as
    `temperature` mean something. `check_model` says what is wrong with a model entry as a whole (a
    sentence, None for nothing) while the configuration is checked. `check_trader` says why a model
    could not answer a trader that is going to ask it, a sentence each (none: it could): a coin the
    trader has not, bars nobody fetches. `is_paid` tells that answers cost money: its models need
    prices. `is_baseline` tells that its models are yardsticks, which rankings compare the others
    with.

    A kind whose config has a `BackendRef` and that has no `params` leaves these six to the kind it
    refers to. `opens_backends` tells from the config whether the backends referred to are going to
    be asked (None: always); if not, they are not opened and need no keys. The settings of backends
    that may go unasked do not count for the digest of the configuration.

    `caveat` tells from the config what has to be said wherever results of its models are shown, a
    few words (None: nothing); it opens nothing. `address` tells where its models are asked, for
    `nof0 check`; it opens nothing either.

    `wakes` is for a kind whose answers follow from what the trader is shown alone, without a prompt
    and without a memory: it tells beforehand when its models may act, see
    `nof0_core.protocols.wakes`. A backtest then leaves out the cycles in between; without it each
    is run.
    """

    params: builtins.type[Any] | None = None
    reads_prompt: bool = True
    check_model: Callable[[ModelSpec], str | None] | None = None
    opens_backends: Callable[[C], bool] | None = None
    is_paid: bool = False
    is_baseline: bool = False
    check_trader: Callable[[ModelSpec, TraderOutlook], Sequence[str]] | None = None
    wakes: Wakes | None = None
    caveat: Callable[[C], str | None] | None = None
    address: Callable[[C], str] | None = None


@attrs.frozen(kw_only=True)
class ExchangeKind(ServiceKind[C, "ExchangeProvider"]):
    """An exchange provider; it adds what traders must know before they enter.

    `taker_fee_bps` tells from the config what a new account pays for orders that fill at once, in
    basis points of notional. None leaves traders with 4.5. `initial_balance_usd` tells what an
    account begins with that exists on paper only: traders may not be promised more.

    `stake` tells from the config what the account is about; None: paper money. Real money is
    refused unless the main file says `Env: prod`; a run with test or real money says what it is
    going to trade, and asks before it starts. `account` names the account for that question, such
    as by its address. `rehearsal` is the command that rehearses a configuration, empty for none:
    with one, real money is refused until the configuration has passed (`keep_rehearsal` of
    `nof0_core.project` notes that). `identity` tells from the config what tells the account from
    all others in the world, such as venue, network and address: two engines that see each other
    never trade one account. None: it exists in its engine only.
    """

    taker_fee_bps: Callable[[C], Decimal] | None = None
    initial_balance_usd: Callable[[C], Decimal] | None = None
    stake: Callable[[C], Stake] | None = None
    account: Callable[[C], str] | None = None
    rehearsal: str = ""
    identity: Callable[[C], str] | None = None


@attrs.frozen(kw_only=True)
class PolicyKind(Generic[C, S]):
    """A kind that only computes: same config in, same object out, nothing awaited.

    `build` makes the policy from its config; `validate` is that of `ServiceKind`, as are the other
    fields, and two
    that only risk checks have: `needs_order_books` asks the market, where it has the word for it,
    for order books each time a trader with the check decides (`RiskContext.book`);
    `sees_venue_account` asks for all traders of the venue account (`RiskContext.venue`).
    """

    type: str
    config: builtins.type[C]
    build: Callable[[C], S]
    summary: str
    needs_order_books: bool = False
    sees_venue_account: bool = False
    validate: Callable[[C], Sequence[str]] | None = None


Kind = ServiceKind[Any, Any] | PolicyKind[Any, Any]
"""What a plugin may offer: one of the two, or what extends `ServiceKind`."""
