"""The log of commands that use what an engine uses."""

from __future__ import annotations

import click


class Told:
    """Says on the terminal what an engine would write to its log."""

    def info(self, event: str, **values: object) -> None:
        """Say something."""
        click.echo(
            " ".join([event, *(f"{key}={value}" for key, value in values.items())]), err=True
        )

    debug = warning = error = info
