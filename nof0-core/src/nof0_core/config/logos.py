"""Pictures of traders: files beside the configuration, checked and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from nof0_core.config.fields import opt
from nof0_core.config.session import Session
from nof0_core.config.tree import Node, Table, find, printable
from nof0_core.files import in_words, opened

LARGEST = 64 * 1024
"""Bytes a picture may have: a page shows one for every trader."""
_PNG = b"\x89PNG\r\n\x1a\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@attrs.frozen(kw_only=True)
class Logo:
    """A picture: `kind` is `png` or `svg`, `data` the file as it is."""

    kind: str
    data: bytes = attrs.field(repr=False)


def read_logo(path: Path) -> Logo:
    """Read a picture; what it is, its content says and not its name.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is too large, or neither PNG nor SVG; the message says which.
    """
    with opened(path) as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        message = f"it has more than {LARGEST // 1024} kB"
        raise ValueError(message)
    if data.startswith(_PNG):
        return Logo(kind="png", data=data)
    head = data.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if head.startswith((b"<svg", b"<?xml", b"<!")) and b"<svg" in head:
        return Logo(kind="svg", data=data)
    message = "it is neither PNG nor SVG"
    raise ValueError(message)


def note_logo(session: Session, path: Path | None, node: Table) -> Logo | None:
    """Read a trader's picture; None where it has none, or a problem, which is noted."""
    if path is None:
        return None
    try:
        return read_logo(path)
    except (OSError, ValueError) as error:
        why = in_words(error) if isinstance(error, OSError) else str(error)
        session.problems.add(
            find(node, "logo"), f'the logo "{printable(str(path))}" cannot be used: {why}'
        )
    return None


@attrs.frozen(kw_only=True)
class _Drawn:
    """What of a trader's entry says how it is drawn."""

    id: str = opt()
    logo: Path = opt()


def logos_of(session: Session, nodes: Iterable[Node]) -> Mapping[str, Logo]:
    """Read the pictures of all traders that have one, by trader.

    Other keys are not looked at: somebody may be editing them.
    """
    found: dict[str, Logo] = {}
    for node in nodes:
        if not isinstance(node, Table) or node.get("logo") is None:
            continue
        entries = {key: one for key, one in node.entries.items() if key in {"id", "logo"}}
        drawn = session.take(Table(place=node.place, entries=entries), _Drawn)
        logo = None if drawn is None else note_logo(session, drawn.logo, node)
        if drawn is not None and logo is not None:
            found[drawn.id] = logo
    return found
