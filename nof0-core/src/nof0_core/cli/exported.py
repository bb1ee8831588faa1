"""Where the JSON files of a run are that a command shows, and what is written of its traders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nof0_core.errors import ConfigError

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
