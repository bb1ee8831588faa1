"""What traders see of the market: symbols, intervals and indicators of market.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import attrs

from nof0_core.config.fields import opt
from nof0_core.config.files.providers import INDICATORS, MarketFile
from nof0_core.config.model import IndicatorConfig, Place
from nof0_core.config.names import check_length
from nof0_core.config.scalars import FaultError, as_float
from nof0_core.config.session import Session, nodes_of
from nof0_core.config.tree import Items, Node, Scalar, Table, find, printable
from nof0_core.domain.candles import Interval, interval_ms
from nof0_core.ids import Symbol

_SYMBOL = re.compile(r"[A-Za-z0-9](?:[@:/_.-]?[A-Za-z0-9])*")
_SHORT = re.compile(r"([a-z][a-z0-9_]*?)(\d+)?")


@attrs.frozen(kw_only=True)
class _Named:
    name: str = opt(default="")
    function: str = opt()


def read_symbols(session: Session, names: Iterable[str], place: Place) -> tuple[Symbol, ...]:
    """Check a list of coins to trade: at least one, none twice."""
    symbols = read_coins(session, names, place)
    if not symbols:
        session.problems.add(place, "must name at least one coin")
    return symbols


def read_coins(session: Session, names: Iterable[str], place: Place) -> tuple[Symbol, ...]:
    """Check a list of coins: none twice."""
    symbols = tuple(names)
    for symbol in dict.fromkeys(symbols):
        if not _SYMBOL.fullmatch(symbol):
            session.problems.add(place, f'"{printable(symbol)}" is not the symbol of a coin')
        else:
            check_length(session, place, symbol)
        if symbols.count(symbol) > 1:
            session.problems.add(place, f"{symbol} is named twice")
    return tuple(Symbol(symbol) for symbol in symbols)


def read_intervals(session: Session, file: MarketFile, table: Table) -> tuple[Interval, ...]:
    """Check the bar lengths: at least one, none twice; they come out shortest first."""
    place = find(table, "intervals")
    lengths: dict[int, Interval] = {}
    if not file.intervals:
        session.problems.add(place, "must name at least one interval")
    for position, text in enumerate(file.intervals):
        try:
            length = interval_ms(text)
        except ValueError as error:
            session.problems.add(find(table, "intervals", position), str(error))
            continue
        if length in lengths:
            session.problems.add(
                find(table, "intervals", position), f"{text} is as long as {lengths[length]}"
            )
        lengths.setdefault(length, Interval(text))
    return tuple(interval for _, interval in sorted(lengths.items()))


def read_indicators(
    session: Session, file: MarketFile, table: Table
) -> tuple[IndicatorConfig, ...]:
    """Read the list of indicators of market.yaml, or the one that holds where it has none."""
    place = find(table, "indicators")
    nodes: Sequence[Node] = (
        [Scalar(place=place, text=name, kind="text") for name in INDICATORS]
        if file.indicators is None
        else nodes_of(file.indicators)
    )
    return read_list(session, nodes, place)


def read_list(session: Session, nodes: Sequence[Node], place: Place) -> tuple[IndicatorConfig, ...]:
    """Read a list of indicators that stands at `place`; the catalog checks each one."""
    from nof0_core.indicators import catalog

    found: list[IndicatorConfig] = []
    for node in nodes:
        if isinstance(node, Items) or node.is_empty:
            session.problems.add(
                node.place, f"expected a name such as ema20, or a mapping, got {node.shown}"
            )
            continue
        config = _short(node) if isinstance(node, Scalar) else _long(session, node)
        if config is None:
            continue
        fault = catalog.check(config)
        if fault:
            session.problems.add(node.place, fault)
        else:
            found.append(config)
    fault = catalog.check_names(found)
    if fault:
        session.problems.add(place, fault)
    return tuple(found)


def _short(node: Scalar) -> IndicatorConfig:
    """Read `<function><period>`, as in `ema20`; the name of a function may itself end in digits."""
    from nof0_core.indicators import catalog

    name = node.text or ""
    whole = IndicatorConfig(name=name, function=name.upper())
    parts = _SHORT.fullmatch(name)
    if parts is None or parts[2] is None or catalog.check(whole) is None:
        return whole
    return IndicatorConfig(
        name=name, function=parts[1].upper(), parameters={"timeperiod": int(parts[2])}
    )


def _long(session: Session, table: Table) -> IndicatorConfig | None:
    own = {key: node for key, node in table.entries.items() if key in ("name", "function")}
    named = session.take(attrs.evolve(table, entries=own), _Named)
    parameters: dict[str, float] = {}
    for key, node in table.without("name", "function").entries.items():
        try:
            number = as_float(node)
        except FaultError as fault:
            session.problems.extend(fault.problems)
        else:
            parameters[key] = int(number) if number.is_integer() else number
    if named is None:
        return None
    period = parameters.get("timeperiod")
    name = named.name or named.function.lower() + (f"{period:g}" if period else "")
    return IndicatorConfig(name=name, function=named.function.upper(), parameters=parameters)
