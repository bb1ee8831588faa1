"""What every event is a kind of."""

from __future__ import annotations

from typing import ClassVar

BODIES: dict[str, type[Body]] = {}
"""All kinds of body by the word that stands in `type`."""


class Body:
    """Base of everything an event can say; `type` is the word in the journal."""

    type: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Enter the class under its word.

        attrs makes slotted classes twice, so a class may take the place of its own namesake.

        Raises:
            TypeError: the word belongs to another class; the journal could not tell them apart.
        """
        known = BODIES.get(cls.type)
        if known is not None and _full_name(known) != _full_name(cls):
            message = f'"{cls.type}" is {_full_name(known)} already, not {_full_name(cls)}'
            raise TypeError(message)
        BODIES[cls.type] = cls


def _full_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
