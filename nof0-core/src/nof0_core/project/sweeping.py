"""A sweep for programs and notebooks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nof0_core.errors import UsageError
from nof0_core.sweep.estimate import Estimate
from nof0_core.sweep.result import SweepResult
from nof0_core.sweep.running import prepare, run


def run_sweep(
    sweep_file: Path | str,
    *,
    data_dir: Path | None = None,
    address: str = "",
    workers: int | None = None,
    fresh: bool = False,
    allow_paid: bool = False,
    allow_long: bool = False,
    progress: Callable[[int, int, int], object] = lambda *_: None,
) -> SweepResult:
    """Run many backtests as a file says and return what came out; all of it is kept in its folder.

    What has a result is not run again. Ctrl-C keeps what there is, and the same call does the rest.
    May be called in a notebook: workers are processes of their own.

    Args:
        sweep_file: SWEEP.yaml.
        data_dir: what would be given as `--data-dir`.
        address: of a Dask scheduler that shares jobs out, instead of local processes.
        workers: local processes; None: what the file says, else one for each core. Only without
            an address.
        fresh: put results of the same name aside and begin anew.
        allow_paid: whether models may be asked over the network, which costs money.
        allow_long: whether more than 10,000 backtests, or more than an hour of them, may be run.
        progress: told how many jobs have ended, of how many in all, and how many of them failed.

    Raises:
        ConfigError: the file, or a configuration it makes, cannot be used.
        UsageError: results of something else are there, or nobody agreed to what it costs.
        StoreError: results cannot be written.
        Nof0Error: the workers are gone.
    """
    prepared = prepare(Path(sweep_file), data_dir=data_dir)
    if prepared.costs and not allow_paid:
        message = "models are asked over the network, which nobody has agreed to"
        hints = (*map(str, prepared.costs), "allow_paid=True asks them; answers are kept on tapes")
        raise UsageError(message, hints=hints)

    def agree(found: Estimate) -> bool:
        if not allow_long:
            message = f"this sweep is large: {found}"
            raise UsageError(message, hints=("allow_long=True runs it; what has been run is kept",))
        return True

    return run(
        prepared, agree=agree, address=address, workers=workers, fresh=fresh, progress=progress
    )
