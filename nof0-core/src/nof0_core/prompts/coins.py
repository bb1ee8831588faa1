"""What templates see of each coin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order_book import OrderBook
from nof0_core.domain.snapshot import MarketSnapshot
from nof0_core.ids import Symbol
from nof0_core.indicators.recipe import Wanted
from nof0_core.prompts.book_view import book_view
from nof0_core.prompts.figures import CENT
from nof0_core.prompts.scale import Scale, scale_of
from nof0_core.prompts.series_text import SeriesTexts
from nof0_core.prompts.view import Later, LateView, View

_RATE = Decimal("1E-5")
_HOURS = Decimal(24 * 365)
_WHOLE = Decimal(1)

_KEPT = 64

_Names = tuple[tuple[str, ...], ...]
"""Names of the indicators of each series."""
_Units = tuple[tuple[str, str], ...]


class CoinViews:
    """Makes the views of coins; what was made serves for as long as it is shown."""

    def __init__(self, functions: Mapping[str, str]) -> None:
        """Take the TA-Lib function of each indicator's result, where known."""
        self._functions = functions
        self._texts = SeriesTexts(self._scale)
        self._kept: dict[tuple[int, int, bool], tuple[MarketSnapshot, View]] = {}
        self._units: tuple[_Names | None, _Units] = (None, ())

    @classmethod
    def of(cls, indicators: Sequence[Wanted]) -> CoinViews:
        """Make them for the configured indicators."""
        from nof0_core.indicators.catalog import output_names

        return cls({name: each.function for each in indicators for name in output_names(each)})

    def coin(self, context: DecisionContext, snapshot: MarketSnapshot) -> View:
        """Return the view of one coin; traders with the same leverage cap share it.

        An order book older than `max_data_age` is not shown.
        """
        instrument = context.instruments[snapshot.symbol]
        leverage = max_leverage(context, snapshot.symbol, instrument)
        book = snapshot.book_within(context.limits.max_data_age)
        key = (id(snapshot), leverage, book is None)
        known = self._kept.get(key)
        if known is not None:
            return known[1]
        while len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        view = self._make(snapshot, instrument, leverage, book)
        # The snapshot is kept, too, so that no other object can get its id meanwhile.
        self._kept[key] = (snapshot, view)
        return view

    def _make(
        self,
        snapshot: MarketSnapshot,
        instrument: Instrument,
        leverage: int,
        book: OrderBook | None,
    ) -> View:
        symbol, quote = snapshot.symbol, snapshot.quote
        tick = instrument.tick(quote.mark)
        rate, interest, volume = quote.funding_rate, quote.open_interest, quote.day_volume_usd
        # A tick is a power of ten.
        decimals = -tick.adjusted()
        return LateView(
            "coin",
            (book, snapshot.time, tick),
            _LATER if book is not None else {},
            symbol=symbol,
            mark=quote.mark.quantize(tick),
            mid=quote.mid.quantize(tick),
            oracle=quote.oracle.quantize(tick),
            age_seconds=int(snapshot.age.total_seconds()),
            funding_pct=None if rate is None else (100 * rate).quantize(_RATE),
            funding_pct_year=None if rate is None else (100 * rate * _HOURS).quantize(CENT),
            open_interest=None if interest is None else interest.quantize(_WHOLE),
            open_interest_usd=(
                None if interest is None else (interest * quote.mark).quantize(_WHOLE)
            ),
            day_volume_usd=None if volume is None else volume.quantize(_WHOLE),
            max_leverage=leverage,
            min_order_usd=instrument.min_notional,
            **({"book": None} if book is None else {}),
            series=tuple(
                self._texts.view(symbol, each, decimals) for each in snapshot.series.values()
            ),
        )

    def units(self, snapshot: MarketSnapshot) -> _Units:
        """Return unit and names of the rows of all series: `("USD", "close, ema20")`."""
        names = tuple([tuple(series.indicators) for series in snapshot.series.values()])
        if self._units[0] != names:
            self._units = names, self._units_of(names)
        return self._units[1]

    def _units_of(self, indicators: _Names) -> _Units:
        names: dict[str, list[str]] = {}
        for name in dict.fromkeys(
            name for each in indicators for name in ("close", "volume", *each)
        ):
            names.setdefault(self._scale(name).value, []).append(name)
        return tuple((unit, ", ".join(each)) for unit, each in names.items())

    def _scale(self, name: str) -> Scale:
        return scale_of(name, self._functions.get(name, ""))


_LATER: Mapping[str, Later] = MappingProxyType({"book": lambda of: book_view(*of)})


def max_leverage(context: DecisionContext, symbol: Symbol, instrument: Instrument) -> int:
    """Return the highest leverage this trader may use: its own cap or the venue's."""
    return min(context.limits.leverage_cap(symbol), instrument.max_leverage)
