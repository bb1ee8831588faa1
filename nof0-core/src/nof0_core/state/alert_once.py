"""Saying a thing that lasts once."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

from nof0_core.ids import Symbol, TraderId
from nof0_core.state.recorder import Recorder

Key = TypeVar("Key", bound=Hashable)


class AlertOnce(Generic[Key]):
    """Raises alerts of one code, each key's once until it is cleared.

    What is still so at every look is told to a person only when it begins. A new run tells it
    again: a reader of its journal has not seen what the last one said.
    """

    def __init__(self, recorder: Recorder, code: str) -> None:
        self._recorder = recorder
        self._code = code
        self._raised: set[Key] = set()

    @property
    def raised(self) -> frozenset[Key]:
        """What was told and not cleared since."""
        return frozenset(self._raised)

    def alert(
        self,
        key: Key,
        message: str,
        *,
        trader: TraderId | None = None,
        symbol: Symbol | None = None,
    ) -> None:
        """Record an alert, unless the key's was raised already."""
        if key not in self._raised:
            self._raised.add(key)
            self._recorder.alert(self._code, message, trader=trader, symbol=symbol)

    def clear(self, key: Key) -> None:
        """Let the key's next alert be heard again."""
        self._raised.discard(key)

    def clear_all_but(self, keys: Collection[Key] = ()) -> None:
        """Clear every key that is not among these."""
        self._raised.intersection_update(keys)
