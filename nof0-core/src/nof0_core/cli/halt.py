"""`nof0 halt`: no entries, by anybody, until `nof0 resume`."""

from __future__ import annotations

from pathlib import Path

import click

from nof0_core.cli.options import json_option, run_argument


@click.command()
@run_argument
@click.option("--flatten", is_flag=True, help="Close the positions of all traders too.")
@click.option("--reason", default="", help="A few words for the journal.")
@json_option
def halt(
    config_file: Path,
    data_dir: Path | None,
    reason: str,
    *,
    flatten: bool,
    as_json: bool,
) -> None:
    """Stop the entries of all traders, durably.

    Works whether or not an engine is running, and outlives restarts. From the moment this returns
    no entry leaves; closes, stops and targets go on. With --flatten the engine closes each trader's
    own positions, as long as it takes. With --data-dir, CONFIG is not read.
    """
    from nof0_core.cli.output import print_json
    from nof0_core.cli.taking_effect import when
    from nof0_core.clock import wall_time
    from nof0_core.errors import UsageError
    from nof0_core.manager.requests import Halt, HaltSwitch
    from nof0_core.project import data_directory, running_engine

    state_dir = data_directory(config_file, data_dir)
    switch = HaltSwitch(state_dir)
    known = switch.read()
    # A second halt never takes back what the first one asked for, nor why.
    is_flatten = flatten or (known is not None and known.is_flatten)
    if not reason and known is not None and known.time is not None:
        reason = known.reason
    try:
        switch.set(Halt(time=wall_time(), reason=reason, is_flatten=is_flatten))
    except UsageError as error:
        message = f"NOT halted, entries go on: {error}"
        raise UsageError(message, hints=_ways_out(state_dir)) from error
    if as_json:
        print_json(
            {
                "halted": True,
                "flatten": is_flatten,
                "reason": reason,
                "marker": switch.path,
                "engine": running_engine(state_dir),
            }
        )
        return
    click.echo(f"halted: no entry leaves any more ({switch.path})")
    if is_flatten:
        click.echo("positions of all traders are to be closed")
    click.echo(when(state_dir))
    click.echo("`nof0 resume` ends it")


def _ways_out(state_dir: Path) -> tuple[str, ...]:
    """Say how entries are stopped where no marker can be written."""
    from nof0_core.project import running_engine

    again = f"make {state_dir / 'control'} writable for this user and give the command again"
    process = running_engine(state_dir)
    if process is None:
        return (again,)
    end = (
        f"or end the engine: kill -INT {process}; stops at the venue stay, those it watches do not"
    )
    return (again, end)
