"""The universe of a dex: what can be traded there, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.wire.reading import bad, number, record, rows, shown, whole

PRICE_DECIMALS = 6
"""Decimals of a price and of a size together, at most (documentation, "Tick and lot size")."""
MIN_NOTIONAL = Decimal(10)
"""USD; an order that is worth less is refused."""
TAKER_FEE_BPS = Decimal("4.5")
MAKER_FEE_BPS = Decimal("1.5")
"""Of an account that has not traded yet (documentation, "Fees")."""
BUILDER_FACTOR = Decimal(2)
"""On dexes of builders fees are twice as high, …"""
GROWTH_FACTOR = Decimal("0.1")
"""… and in growth mode a tenth of that."""
USDC = 0
"""Index of the token that positions are settled in, but for some dexes of builders."""
_SINGLE_TIER = 50
"""A margin table with a lower id has one tier, at as much leverage."""
_LONGEST_NAME = 40


@attrs.frozen(kw_only=True)
class Asset:
    """One perpetual of a dex, at its place in the universe.

    `coin` is its name at the venue; a dex of a builder puts its own name in front (`xyz:TSLA`),
    which the instrument's symbol leaves out.
    """

    index: int
    coin: str
    instrument: Instrument
    is_delisted: bool
    is_isolated: bool

    @property
    def symbol(self) -> Symbol:
        """Return its name in nof0."""
        return self.instrument.symbol


@attrs.frozen(kw_only=True)
class Universe:
    """All perpetuals of a dex by symbol, delisted ones included.

    `faults` has what is wrong with those that cannot be used, by symbol. `collateral` is the index
    of the token positions are settled in.
    """

    dex: str
    assets: Mapping[Symbol, Asset]
    faults: Mapping[Symbol, str]
    collateral: int
    size: int

    def instruments(self) -> dict[Symbol, Instrument]:
        """Return what can be traded now."""
        return {s: a.instrument for s, a in self.assets.items() if not a.is_delisted}

    def asset(self, symbol: Symbol) -> Asset:
        """Return an asset that can be traded.

        Raises:
            DataError: there is none of that name, it is delisted, or its rules make no sense.
        """
        if (fault := self.faults.get(symbol)) is not None:
            message = f"the venue's rules of {symbol} cannot be used: {fault}"
            raise DataError(message)
        asset = self.assets.get(symbol)
        where = f"the dex {self.dex}" if self.dex else "the venue"
        if asset is None:
            message = f"{where} has no perpetual {symbol}"
            raise DataError(message)
        if asset.is_delisted:
            message = f"{symbol} is delisted: {where} trades it no more"
            raise DataError(message)
        return asset


def read_universe(meta: object, dex: str) -> Universe:
    """Return the universe of an answer to `meta`, or of the first half of `metaAndAssetCtxs`.

    One coin with impossible rules is among the faults; the others are not its hostages.

    Raises:
        DataError: the answer is no universe.
    """
    whole_meta = record(meta, "meta")
    tables = _tables(whole_meta.get("marginTables"))
    universe = rows(whole_meta.get("universe"), "meta.universe")
    collateral = whole_meta.get("collateralToken")
    assets: dict[Symbol, Asset] = {}
    faults: dict[Symbol, str] = {}
    for index, entry in enumerate(universe):
        where = f"meta.universe[{index}]"
        coin = _coin(record(entry, where).get("name"), where)
        symbol = Symbol(coin.removeprefix(f"{dex}:") if dex else coin)
        if symbol in assets or symbol in faults:
            assets.pop(symbol, None)
            faults[symbol] = "its name is there twice"
            continue
        try:
            assets[symbol] = _asset(index, coin, symbol, record(entry, where), tables, dex)
        except DataError as error:
            faults[symbol] = str(error)
    return Universe(
        dex=dex,
        assets=assets,
        faults=faults,
        collateral=collateral if isinstance(collateral, int) else USDC,
        size=len(universe),
    )


def _asset(
    index: int,
    coin: str,
    symbol: Symbol,
    entry: Mapping[str, object],
    tables: Mapping[int, object],
    dex: str,
) -> Asset:
    decimals = whole(entry.get("szDecimals"), "szDecimals", least=0, most=8)
    leverage = whole(entry.get("maxLeverage"), "maxLeverage", least=1, most=1000)
    if not (0 < len(symbol) <= _LONGEST_NAME and symbol.isprintable()):
        bad("name", f"is {shown(symbol)}, which cannot be shown")
    factor = (BUILDER_FACTOR if dex else Decimal(1)) * (
        GROWTH_FACTOR if entry.get("growthMode") == "enabled" else Decimal(1)
    )
    try:
        instrument = Instrument(
            symbol=symbol,
            size_decimals=decimals,
            price_decimals=max(0, PRICE_DECIMALS - decimals),
            max_leverage=leverage,
            min_notional=MIN_NOTIONAL,
            tiers=_tiers(entry.get("marginTableId"), tables),
            taker_fee_bps=factor * TAKER_FEE_BPS,
            maker_fee_bps=factor * MAKER_FEE_BPS,
        )
    except ValueError as error:
        bad("marginTiers", str(error))
    mode = entry.get("marginMode")
    return Asset(
        index=index,
        coin=coin,
        instrument=instrument,
        is_delisted=entry.get("isDelisted") is True,
        is_isolated=entry.get("onlyIsolated") is True or mode in {"strictIsolated", "noCross"},
    )


def _coin(name: object, where: str) -> str:
    if not isinstance(name, str):
        bad(f"{where}.name", f"is {shown(name)}, not a name")
    return name


def _tables(value: object) -> Mapping[int, object]:
    if value is None:
        return {}  # answers of 2023 had none
    found: dict[int, object] = {}
    for index, entry in enumerate(rows(value, "meta.marginTables")):
        where = f"meta.marginTables[{index}]"
        pair = rows(entry, where)
        if len(pair) != 2:
            bad(where, f"is {shown(entry)}, not an id and a table")
        found[whole(pair[0], f"{where}[0]", least=0, most=10**9)] = pair[1]
    return found


def _tiers(table_id: object, tables: Mapping[int, object]) -> tuple[MarginTier, ...]:
    """Return the tiers of a table; their maintenance rates are half of 1 / max leverage."""
    if table_id is None:
        return ()
    number_ = whole(table_id, "marginTableId", least=0, most=10**9)
    if number_ not in tables:
        if 0 < number_ < _SINGLE_TIER:
            return (MarginTier(lower_bound=Decimal(0), max_leverage=number_),)
        bad("marginTableId", f"is {number_}, of which there is no margin table")
    where = f"margin table {number_}"
    table = record(tables[number_], where)
    return tuple(
        MarginTier(
            lower_bound=number(record(tier, where).get("lowerBound"), f"{where}: lowerBound"),
            max_leverage=whole(
                record(tier, where).get("maxLeverage"),
                f"{where}: maxLeverage",
                least=1,
                most=1000,
            ),
        )
        for tier in rows(table.get("marginTiers"), f"{where}: marginTiers")
    )
