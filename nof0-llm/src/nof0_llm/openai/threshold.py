"""A logger that leaves out what its section does not want to hear of."""

from __future__ import annotations

from nof0_core.plugins.env import Logger

LEVELS = ("debug", "info", "warning", "error")


class Threshold:
    """Passes on lines of a level and above.

    At `debug` the lines of that level are passed on as information, so that the log file has them
    without the whole program being verbose.
    """

    def __init__(self, log: Logger, level: str) -> None:
        self._log = log
        self._least = LEVELS.index(level)

    def debug(self, event: str, **values: object) -> None:
        """Log one call."""
        if self._least == 0:
            self._log.info(event, **values)

    def info(self, event: str, **values: object) -> None:
        """Log something normal."""
        if self._least <= 1:
            self._log.info(event, **values)

    def warning(self, event: str, **values: object) -> None:
        """Log something that may need attention."""
        if self._least <= 2:
            self._log.warning(event, **values)

    def error(self, event: str, **values: object) -> None:
        """Log a failure."""
        self._log.error(event, **values)
