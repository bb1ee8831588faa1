"""The decimal context of whoever runs an engine is not an argument of anything."""

from __future__ import annotations

import re
import shutil
from decimal import getcontext
from pathlib import Path

import anyio
import pytest
from opened import open_engine

from nof0_core import config as configuration
from nof0_core.plugins import load_plugins
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
READER = ROOT / "tests" / "benchmarks" / "reader.py"


def short_run(config_file, data):
    """Run a configuration for 40 cycles with its exports."""
    config = configuration.load(config_file, load_plugins(), data_dir=data)

    async def main():
        context = getcontext()
        async with open_engine(config, full_speed=True, log=lambda _: Lines()) as engine:
            assert getcontext() is context
            traders = engine.manager.traders.values()

            def after(_):
                assert getcontext() is context
                if max(trader.cycles for trader in traders) >= 40:
                    engine.manager.stop("done")

            await engine.run(after)
        assert getcontext() is context

    anyio.run(main)


def shipped(_):
    return ROOT / "etc" / "nof0.yaml"


def with_prompts_and_brakes(folder):
    """The shipped project with models that read their prompts, and a rebalance every 15 minutes."""
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(READER, folder / "etc" / "reader.py")
    main, llm, manager = (folder / "etc" / f"{name}.yaml" for name in ("nof0", "llm", "manager"))
    main.write_text(main.read_text() + "\nPlugins: [./reader.py]\n")
    names = re.findall(r"^  ([\w-]+):", llm.read_text(), re.MULTILINE)
    models = "".join(f"  {name}: {{backend: reader}}\n" for name in names)
    llm.write_text(f"default_model: {names[0]}\nmodels:\n{models}")
    limits = "    allocation_pct: 15\n    daily_loss_limit_pct: 0.01\n    max_drawdown_pct: 0.01\n"
    text = manager.read_text().replace("rebalance_interval: 6h", "rebalance_interval: 15m")
    manager.write_text(text.replace("    allocation_pct: 15\n", limits))
    return main


@pytest.mark.parametrize(
    ("project", "types"),
    [
        (shipped, {"filled", "funding", "exit_plan"}),
        (with_prompts_and_brakes, {"filled", "rebalanced", "brake_tripped"}),
    ],
)
def test_a_run_in_a_coarse_context_writes_the_same_journal_and_files(
    tmp_path, run_in, coarse, project, types
):
    config = project(tmp_path / "project")
    plain, rough = tmp_path / "plain", tmp_path / "rough"
    short_run(config, plain)
    with coarse():
        short_run(config, rough)
    assert types <= {record["type"] for record in run_in(plain).records()}
    assert run_in(plain).journal_without_wall() == run_in(rough).journal_without_wall()
    assert run_in(plain).exports() == run_in(rough).exports()
