"""Where the JSON files of a run are that a command shows, and what is written of its traders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nof0_core.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from nof0_core.config.places import TraderPlace
    from nof0_core.ids import TraderId

RANKING = "leaderboard.json"


def exported(
    config_file: Path, data_dir: Path | None
) -> tuple[Path, Mapping[TraderId, TraderPlace]]:
    """Return the directory of the JSON files, and the traders of CONFIG.

    With a data directory, or the directory with the files itself, CONFIG only tells about traders:
    where it cannot be read nothing is known of them.

    Raises:
        ConfigError: CONFIG alone was named and cannot be read.
    """
    from nof0_core.config.places import read_places

    if data_dir is None:
        places = read_places(config_file)
        return places.api_dir, places.traders
    below = data_dir / "api"
    is_below = not (data_dir / RANKING).exists() and below.is_dir()
    directory = below if is_below else data_dir
    try:
        return directory, read_places(config_file, data_dir=data_dir).traders
    except ConfigError:
        return directory, {}


def rows_of(
    directory: Path, name: str, wanted: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Return the rows of a document whose members have one of the words wanted; none: any.

    Raises:
        UsageError: the document is not there or cannot be used, or there is no trader of a name.
    """
    from nof0_core.project.results import read_results

    found = read_results(directory, (name, "leaderboard"))
    if name not in found.written:
        message = f"there is no {name}.json in {directory}"
        hint = "start a run with the `json` exporter first: nof0 run CONFIG"
        raise UsageError(message, hints=[hint])
    try:
        known = [row["id"] for row in found.rows("leaderboard")] if found.written else []
        for trader in wanted.get("model_id", ()):
            if trader not in known:
                near = get_close_matches(trader, known, n=1)
                ask = f'did you mean "{near[0]}"?' if near else f"traders: {', '.join(known)}"
                message = f'--trader: there is no "{trader}" in this run'
                raise UsageError(message, hints=[ask])
        return [
            row
            for row in found.rows(name)
            if all(not words or row[member] in words for member, words in wanted.items())
        ]
    except (KeyError, TypeError) as error:
        message = f"the files in {directory} are not those of the `json` exporter: {error!r}"
        raise UsageError(message) from error


def shown_number(number: float) -> str:
    """Write a number of a document with all its digits, never with an exponent."""
    from nof0_core.money import plain

    return plain(Decimal(str(number)))
