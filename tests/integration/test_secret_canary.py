"""A plugin lets its secret key out in every way it can; nothing that nof0 writes or shows has it.

`NOF0_FAULTS=all` tries every leak; an ordinary run a sample of them.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import anyio
import pytest
from bad_plugin import project
from bad_plugin.leaking import ANSWERED, NAME, RAISED
from journal_lines import content_of
from opened import open_engine

from nof0_core import config as configuration
from nof0_core.cli.report import report
from nof0_core.plugins import load_plugins
from nof0_core.redaction import Redactor
from nof0_core.runtime.logs import keep_trace, logging_to
from nof0_core.testing.project import Project

ALL = os.environ.get("NOF0_FAULTS") == "all"
SAMPLE = 25
"""Leaks of an ordinary run."""
RUNS = ("Kx7QhZpW2mLr", "Jd4sN8bYcRf3")
KEY = f"{RUNS[0]}/V+'9\"\\{RUNS[1]}"
"""A key that JSON, Python and an address each write in another way, but for its two `RUNS`."""
PIECE = 8
"""So many letters of a key in a row are a leak, also of one that was cut."""
TESTS = Path(__file__).parents[1]

FIELDS = {
    "instruments": ("symbol", "decimal", "edge_decimal", "keys"),
    "quotes": ("symbol", "decimal", "edge_decimal", "time", "keys"),
    "candles": ("interval", "column", "edge_column"),
    "history": ("interval", "column", "edge_column"),
    "report": ("symbol", "venue_order_id", "client_id", "reason", "decimal", "time", "word"),
    "place": ("client_id", "venue_order_id", "reason", "trade_id", "decimal", "word", "flag"),
    "cancel": ("client_id", "venue_order_id", "reason", "decimal", "word"),
    "order": ("client_id", "venue_order_id", "symbol", "reason", "decimal", "time", "word"),
    "fills": ("trade_id", "venue_order_id", "client_id", "symbol", "decimal", "time", "word"),
    "accept_marks": ("trade_id", "venue_order_id", "client_id", "symbol", "edge_decimal", "flag"),
    "funding": ("symbol", "decimal", "time", "edge_decimal"),
    "complete": (
        *("model", "text", "chain_of_thought", "reasoning", "invalidation_condition", "symbol"),
        *("decimal", "edge_decimal", "word", "escaped", "malformed", "calls"),
    ),
    "check": ("code", "message", "check", "word", "veto"),
    "allocate": ("keys", "decimal", "edge_decimal"),
}  # fmt: skip
"""Where in the answer to a verb the key can be."""


def cases() -> list[str]:
    """Every way out: `VERB:HOW`, with the part behind it where the verb is not one part's alone."""
    services = ("market", "exchange", "model", "exporter")
    found = [f"{verb}:{how}" for verb in project.PARTS for how in (*RAISED, *ANSWERED)]
    found += [f"{verb}:{how}" for verb, fields in FIELDS.items() for how in fields]
    found += [
        f"{verb}:{how} {part}" for verb in ("open", "close") for how in RAISED for part in services
    ]
    found += [f"yield:{how} {part}" for how in ANSWERED if how != "keys" for part in services]
    found += [f"build:{how} {part}" for how in RAISED for part in ("check", "allocator")]
    found += [f"config:{how} {part}" for how in RAISED for part in ("market", "exporter", "check")]
    return found


CASES = cases() if ALL else random.Random(7).sample(cases(), SAMPLE)


def found_in(text: str) -> list[str]:
    """Return the pieces of the key that are in a text, each with what stands around it."""
    pieces = {run[at : at + PIECE] for run in RUNS for at in range(len(run) - PIECE + 1)}
    return [text[max(0, text.index(p) - 150) : text.index(p) + 50] for p in pieces if p in text]


def found_below(root: Path) -> list[str]:
    """Return what is left of the key in files, and in their names."""
    leaks = []
    for file in sorted(p for p in root.rglob("*") if p.is_file()):
        said = f"{file.relative_to(root)}\n{content_of(file).decode(errors='replace')}"
        leaks += [f"{file.name}: {leak}" for leak in found_in(said)]
    return leaks


def write(root: Path, leak: str) -> Path:
    """Write the project, with a key in each section of the bad plugin."""
    main = project.write(root, leak, is_asked=leak.startswith("candles"))
    for file in (root / "etc").glob("*.yaml"):
        text = file.read_text()
        text = text.replace("{type: bad", f'{{type: bad, key: "${{{NAME}}}"')
        text = text.replace("    type: bad\n", f"    type: bad\n    key: ${{{NAME}}}\n")
        text = text.replace("Exporters: [", "Exporters: [json, prometheus, ")
        file.write_text(text)
    (root / "etc" / "bad.py").write_text("from bad_plugin.leaking import *\n")
    return main


async def _trade(config: Any, log: Any) -> None:
    async with open_engine(config, full_speed=True, log=log) as engine:
        left = [40]

        def after(_: object) -> None:
            left[0] -= 1
            if not left[0]:
                engine.manager.stop("enough")

        await engine.run(after)


def run(main: Path) -> list[str]:
    """Run the project here as the command does; return what it showed."""
    shown: list[str] = []
    data = main.parent.parent / "data"
    config = configuration.load(main, load_plugins(), data_dir=data)
    data.mkdir()
    redactor = Redactor(config.secrets)
    with logging_to(
        data / "nof0.log", is_verbose=True, echo=shown.append, redactor=redactor
    ) as log:
        try:
            anyio.run(_trade, config, log)
        except Exception as error:
            keep_trace(log("run"), error)
            raise
    return shown


@pytest.mark.parametrize("leak", CASES)
def test_no_run_writes_or_shows_the_key(leak, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(NAME, KEY)
    main = write(tmp_path, leak)
    shown = []
    try:
        shown = run(main)
    except BaseException as error:  # noqa: BLE001 - a plugin raises anything
        report(error, is_debug=True)
    said = capsys.readouterr()
    leaks = found_in("\n".join([*shown, said.out, said.err])) + found_below(tmp_path)
    assert not leaks


COMMANDS = (
    ("check", "CONFIG"),
    ("plugins",),
    ("describe", "exporter", "json"),
    ("prompt", "render", "CONFIG", "--trader", "bad"),
    ("run", "CONFIG", "--data-dir", "DATA", "--cycles", "8", "--verbose"),
    ("journal", "list", "DATA"),
    ("journal", "show", "DATA", "3"),
    ("journal", "verify", "DATA"),
    ("leaderboard", "DATA"),
    ("traders", "status", "CONFIG", "--data-dir", "DATA"),
)
BY_COMMANDS = [
    *("quotes:edge", "complete:text", "place:reason", "open:group model", "build:error check"),
    *("config:own exporter", "history:transient", "close:noted exchange", "export:file"),
]


@pytest.mark.parametrize("leak", BY_COMMANDS if ALL else BY_COMMANDS[:1])
@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["plain", "debug"])
def test_no_command_shows_the_key(leak, debug, tmp_path):
    main = write(tmp_path, leak)
    names = {"CONFIG": str(main), "DATA": str(tmp_path / "data")}
    nof0 = Project(directory=tmp_path, environment={NAME: KEY}, path=(TESTS,))
    for command in COMMANDS:
        done = nof0.nof0(*debug, *(names.get(word, word) for word in command))
        assert not found_in(done.stdout + done.stderr), command
        # One that is not called as it must be shows nothing of the plugin.
        assert "Usage:" not in done.stderr, command
    assert not found_below(tmp_path)


def test_a_run_in_real_time_does_not_show_the_key_while_a_section_does_not_open(tmp_path):
    main = write(tmp_path, "open:error market")
    main.write_text(main.read_text().replace("00:00:00Z}", "00:00:00Z, Speed: 60}"))
    nof0 = Project(directory=tmp_path, environment={NAME: KEY}, path=(TESTS,))
    done = nof0.nof0("run", str(main), "--data-dir", str(tmp_path / "data"), "--for", "4s")
    assert not found_in(done.stdout + done.stderr)
    assert not found_below(tmp_path)
    assert (tmp_path / "data" / "nof0.log").exists(), done.stderr


@pytest.mark.parametrize("leak", ["complete:chain_of_thought", "quotes:error", "place:reason"])
def test_without_redaction_the_same_runs_do_let_it_out(leak, tmp_path, monkeypatch):
    monkeypatch.setenv(NAME, KEY)
    monkeypatch.setattr(Redactor, "text", lambda _, text: text)
    run(write(tmp_path, leak))
    assert found_below(tmp_path / "data" / "journal")
