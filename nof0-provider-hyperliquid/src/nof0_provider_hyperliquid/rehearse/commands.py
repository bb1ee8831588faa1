"""`nof0 rehearse`."""

from __future__ import annotations

from pathlib import Path

import click

from nof0_core.cli.options import config_argument


@click.command()
@config_argument
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The data directory `nof0 run` is given, where it is not what CONFIG says.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the journal and log of the rehearsal here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
def rehearse(config_file: Path, data_dir: Path | None, keep: Path | None, *, as_json: bool) -> None:
    """Run CONFIG against a venue on this machine where everything goes wrong, within five minutes.

    Coins, limits and accounts are those of CONFIG; nothing leaves this machine, keys are made for
    it, and no language model is asked: a fixed plan decides. Stops are refused and lost, orders
    time out, the engine is killed, a position is closed by hand, all is halted. Says what happened
    to each position and for how long one was without a stop; exits with 0 if all was as it must
    be, with 1 if not. Real money is refused until its configuration has passed.
    """
    import shutil

    import anyio

    from nof0_core.project import keep_rehearsal
    from nof0_provider_hyperliquid.rehearse.running import RehearsalResult, run_rehearsal
    from nof0_provider_hyperliquid.rehearse.settings import REHEARSAL
    from nof0_provider_hyperliquid.rehearse.text import as_document, lines, opening, step_line
    from nof0_provider_hyperliquid.rehearse.variables import load_without_keys

    config, variables = load_without_keys(config_file, data_dir=data_dir)
    if not as_json:
        click.echo("\n".join(opening(config, variables)))

    async def go() -> RehearsalResult:
        return await run_rehearsal(
            config,
            config_file,
            variables=variables,
            folder=keep,
            told=lambda step: None if as_json else click.echo(step_line(step)),
        )

    result = anyio.run(go)
    file = keep_rehearsal(config, REHEARSAL, time=result.began) if result.is_passed else None
    if as_json:
        click.echo(as_document(result, file))
    else:
        click.echo("\n".join(lines(result, file)))
    if result.is_passed and keep is None:
        shutil.rmtree(result.folder, ignore_errors=True)
    if not result.is_passed:
        raise click.exceptions.Exit(1)
