"""What exporters remember, in the checkpoints of the engine."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress

from nof0_core.border.values import shown
from nof0_core.errors import in_words
from nof0_core.plugins.env import Logger
from nof0_core.protocols import Exporter, ExporterCapability, Projection, exporter_with
from nof0_core.state.checkpoint import Part

PREFIX = "exporter "
"""What stands before the name of an exporter's section in the name of its part."""


def dumped(section: str, exporter: Exporter, log: Logger) -> list[Part]:
    """Return the parts of an exporter; none if it has none, or fails to dump one."""
    try:
        return [
            Part(
                name=_name(section, each.name), version=int(each.version), data=_bytes(each.dump())
            )
            for each in _projections(exporter)
        ]
    except Exception as error:  # noqa: BLE001 - foreign code raises anything
        log.warning(
            "an exporter's memory is not in the checkpoint", exporter=section, error=in_words(error)
        )
        return []


def taken(section: str, parts: MutableMapping[str, Part]) -> dict[str, Part]:
    """Take the parts of an exporter's section out of those of all."""
    names = [name for name in parts if name.startswith(_name(section, ""))]
    return {name: parts.pop(name) for name in names}


def loaded(section: str, exporter: Exporter, parts: Mapping[str, Part], log: Logger) -> bool:
    """Let an exporter that was just opened remember; tell whether it does.

    Where a part is missing, of another version or not to be read, it is as new.
    """
    fresh: list[tuple[Projection, bytes]] = []
    try:
        projections = list(_projections(exporter))
        found = [parts.get(_name(section, each.name)) for each in projections]
        if not projections or not all(
            part is not None and part.version == each.version
            for part, each in zip(found, projections, strict=True)
        ):
            return False
        fresh = [(each, each.dump()) for each in projections]
        for part, each in zip(found, projections, strict=True):
            assert part is not None  # noqa: S101 - seen above
            each.load(part.data)
    except Exception as error:  # noqa: BLE001 - foreign code raises anything
        for each, data in fresh:
            with suppress(Exception):
                each.load(data)
        log.warning(
            "an exporter's memory cannot be read: it is told everything again",
            exporter=section,
            error=in_words(error),
        )
        return False
    return True


def unloaded(section: str, parts: Mapping[str, Part]) -> dict[str, tuple[int, bytes]]:
    """Return version and data of an exporter's parts by the names of its projections."""
    start = len(_name(section, ""))
    return {name[start:]: (part.version, part.data) for name, part in parts.items()}


def _projections(exporter: Exporter) -> Sequence[Projection]:
    able = exporter_with(exporter, ExporterCapability.PROJECTIONS)
    return () if able is None else able.projections()


def _bytes(data: object) -> bytes:
    if isinstance(data, bytes):
        return data
    message = f"dump returned {shown(data)}, not bytes"
    raise TypeError(message)


def _name(section: str, projection: str) -> str:
    return f"{PREFIX}{section}: {projection}"
