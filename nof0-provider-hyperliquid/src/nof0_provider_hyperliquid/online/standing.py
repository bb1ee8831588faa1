"""How an account stands at the venue: its mode, its money, what is left of key and actions."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from nof0_core.domain.candles import to_ms
from nof0_core.domain.finding import Finding, FindingLevel
from nof0_core.errors import DataError
from nof0_core.money import plain
from nof0_provider_hyperliquid.account.mode import AccountMode, read_mode
from nof0_provider_hyperliquid.account.user_limits import RESERVED
from nof0_provider_hyperliquid.online.ownership import Owners
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.wire.reading import milliseconds, number, record, rows, whole

SOON = timedelta(days=14)
"""A key that ends sooner is worth a warning."""
_MOST = 10**15
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


async def standing(client: InfoClient, owners: Owners, dex: str, now: datetime) -> list[Finding]:
    """Say in which mode the account is, what it is worth, and how long key and actions last.

    Raises:
        ProviderError: the venue does not tell.
    """
    mode = await client.info({"type": "userAbstraction", "user": owners.traded})
    try:
        known = read_mode(mode)
    except DataError as error:
        hints = "; ".join(error.hints)
        return [_found(FindingLevel.PROBLEM, f"{error}: every entry would be refused; {hints}")]
    found = [_found(FindingLevel.OK, f"the account is in mode {known}")]
    found.append(await _money(client, owners.traded, known, dex))
    if owners.signer != owners.main:
        found.append(await _life(client, owners, now))
    found.append(await _actions(client, owners.traded))
    return found


async def _money(client: InfoClient, user: str, mode: AccountMode, dex: str) -> Finding:
    if mode.is_unified:
        answer = record(
            await client.info({"type": "spotClearinghouseState", "user": user}), "spot state"
        )
        balances = [record(each, "balances") for each in rows(answer.get("balances"), "balances")]
        worth = sum(
            (number(each["total"], "total") for each in balances if each.get("coin") == "USDC"),
            Decimal(0),
        )
    else:
        request = {"type": "clearinghouseState", "user": user} | ({"dex": dex} if dex else {})
        answer = record(await client.info(request), "clearinghouseState")
        summary = record(answer.get("marginSummary"), "marginSummary")
        worth = number(summary.get("accountValue"), "accountValue")
    if worth <= 0:
        return _found(
            FindingLevel.PROBLEM, "the account holds no USDC: pay in before traders are promised it"
        )
    return _found(FindingLevel.OK, f"the account holds {plain(round(worth, 2))} USD")


async def _life(client: InfoClient, owners: Owners, now: datetime) -> Finding:
    agents = rows(await client.info({"type": "extraAgents", "user": owners.main}), "extraAgents")
    for each in agents:
        agent = record(each, "extraAgents")
        if str(agent.get("address")).lower() == owners.signer:
            until_ms = milliseconds(agent.get("validUntil"), "extraAgents.validUntil")
            return _until(until_ms, now)
    return _found(
        FindingLevel.OK,
        "the API wallet has no name, so the venue does not tell when it ends: at most 180 days"
        " after it was made",
    )


def _until(until_ms: int, now: datetime) -> Finding:
    until = _EPOCH + timedelta(milliseconds=until_ms)
    left = timedelta(milliseconds=until_ms - to_ms(now))
    said = f"the API wallet ends on {until:%Y-%m-%d %H:%M} UTC, in {_days(left)}"
    if left > SOON:
        return _found(FindingLevel.OK, said)
    return _found(
        FindingLevel.WARNING,
        f"{said}: no order is taken from it then, stops stay; make a new one and restart with its"
        " key",
    )


def _days(left: timedelta) -> str:
    if left >= timedelta(days=2):
        return f"{left.days} days"
    return f"{max(0, int(left.total_seconds() // 3600))} hours"


async def _actions(client: InfoClient, user: str) -> Finding:
    answer = record(await client.info({"type": "userRateLimit", "user": user}), "userRateLimit")
    used = whole(answer.get("nRequestsUsed"), "nRequestsUsed", least=0, most=_MOST)
    cap = whole(answer.get("nRequestsCap"), "nRequestsCap", least=0, most=_MOST)
    said = f"{used} of {cap} actions of the address are used"
    if cap - used > RESERVED:
        return _found(FindingLevel.OK, said)
    return _found(
        FindingLevel.WARNING,
        f"{said}: what is left is kept for exits; each USD traded adds one",
    )


def _found(level: FindingLevel, sentence: str) -> Finding:
    return Finding(level=level, sentence=sentence)
