"""Which journal a command line means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from nof0_core.errors import UsageError
from nof0_core.files import in_words
from nof0_core.ids import TraderId

if TYPE_CHECKING:
    from nof0_core.journal import Anchor, Record


@attrs.frozen(kw_only=True)
class Source:
    """A journal on disk, and what of it was safe there once, as kept outside of it.

    `state_dir` is the data directory, whose lock an engine holds.
    """

    root: Path
    elsewhere: Mapping[TraderId, Path]
    anchor: Anchor | None
    state_dir: Path

    def records(
        self, *, traders: tuple[str, ...] = (), types: tuple[str, ...] = (), after: int = 0
    ) -> Iterator[Record]:
        """Yield records numbered above `after`, ascending, of some traders and types or all."""
        from nof0_core.journal import records

        streams = [TraderId(name) for name in traders] or None
        return records(self.root, self.elsewhere, after=after, streams=streams, types=types or None)


source_argument = click.argument(
    "source", type=click.Path(exists=True, path_type=Path), metavar="CONFIG|DIR"
)


def locate(source: Path) -> Source:
    """Find the journal a configuration file or directory stands for.

    Raises:
        UsageError: if there is none.
        ConfigError: if the configuration cannot be used.
    """
    from nof0_core.journal.places import day_files, streams
    from nof0_core.runtime.state_file import StateFile

    if not source.is_dir():
        from nof0_core.config.places import read_places

        places = read_places(source)
        state_dir, state_file = places.state_dir, places.state_file
        root = state_dir / "journal"
        elsewhere = {
            trader: one.journal_dir
            for trader, one in places.traders.items()
            if one.journal_dir is not None
        }
    else:
        root = source / "journal" if (source / "journal").is_dir() else source
        state_dir = root.parent
        state_file = state_dir / "manager_state.json"
        elsewhere = {}
    try:
        is_there = any(map(day_files, streams(root, elsewhere).values()))
    except OSError as error:
        message = f"the journal in {root} cannot be read: {error.filename}: {in_words(error)}"
        raise UsageError(message) from error
    if not is_there:
        message = f"there is no journal in {root}"
        hint = "`nof0 run` writes one into its data directory; has it run?"
        raise UsageError(message, hints=[hint])
    return Source(
        root=root,
        elsewhere=elsewhere,
        anchor=StateFile(state_file).anchor(),
        state_dir=state_dir,
    )
