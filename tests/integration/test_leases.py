"""Several engines that share a database: one trades, the others are refused or wait."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import anyio
import asyncpg
import live_project
import pytest
from postgres_server import PostgresServer

from nof0_core.runtime.lease import TIMES

pytestmark = [pytest.mark.integration, pytest.mark.slow]
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def postgres():
    server = PostgresServer()
    try:
        yield server
    finally:
        server.close()


class Project:
    """Two traders on paper, with the journal in a database; each engine has its own directory."""

    def __init__(self, root, source, *, lease="true"):
        self.root = root
        main = live_project.write(root)
        # A fill every few seconds: a position is left at the first draw, and drawn every 5 s.
        _edit(main.with_name("llm.yaml"), "hold: 5m, interval: 1m", "hold: 5s, interval: 5s")
        _edit(main.with_name("market.yaml"), "[1m]", "[5s, 1m]")
        text = main.read_text()
        main.write_text(f'{text}\nPostgres: {{DataSource: "{source}", Lease: {lease}}}\n')
        self.processes = []

    def start(self, data, *words, program=(TESTS / "leased_engine.py",), **environ):
        with (self.root / f"{data}.log").open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, *map(str, program), *words],
                cwd=self.root,
                env=os.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self.processes.append(process)
        return process

    def engine(self, data, **environ):
        return self.start(data, "etc/nof0.yaml", data, **environ)

    def command(self, *words):
        return subprocess.run(
            [sys.executable, "-m", "nof0_core", *words],
            cwd=self.root,
            check=False,
            capture_output=True,
            text=True,
        )

    def records(self, data, kind):
        files = sorted((self.root / data / "journal").rglob("*.jsonl"))
        rows = [json.loads(line) for file in files for line in file.read_text().split("\n")[:-1]]
        return sorted((row for row in rows if row["type"] == kind), key=lambda row: row["seq"])

    def said(self, data):
        return (self.root / f"{data}.log").read_text()

    def codes(self, data):
        return [row["data"]["code"] for row in self.records(data, "alert")]

    def until(self, process, is_so):
        while not is_so():
            assert process.poll() is None, [f.read_text() for f in self.root.glob("*.log")]
            time.sleep(0.1)

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def project(tmp_path, postgres):
    made = Project(tmp_path, postgres.database())
    yield made
    made.close()


def _edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def lease_now(postgres):
    """Return the server's time, and the lease of the engine as it stands."""

    async def ask():
        connection = await asyncpg.connect(postgres.source())
        try:
            return await connection.fetchrow(
                "SELECT clock_timestamp() AS now, since, until FROM leases WHERE kind = 'engine'"
            )
        finally:
            await connection.close()

    row = anyio.run(ask)
    return row["now"], row


def cpu_seconds(process):
    """Return for how long a process has had a processor."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fresh_cycles(project, data):
    """Return the cycles of the second holder; those of the first were put back before them."""
    return [row for row in project.records(data, "cycle") if int(row["wall"]["lease"]) == 2]


def test_a_dead_holder_is_followed_by_one_whose_clock_is_an_hour_behind(project, postgres):
    first = project.engine("first", LEASED_AHEAD="3600", LEASED_FOR="usual")
    project.until(first, lambda: project.records("first", "filled"))
    refused = project.command("run", "etc/nof0.yaml", "--data-dir", "second")
    assert refused.returncode == 2
    assert f"process {first.pid}, " in refused.stderr
    assert not project.records("second", "engine_started")
    (told,) = json.loads(project.command("engines", "--json").stdout)["engines"]
    assert (told["engine"], told["life"], told["token"]) == ("live", "runs", 1)
    assert told["accounts"] == ["sim live paper"]
    assert str(first.pid) in told["place"]

    words = ("run", "etc/nof0.yaml", "--data-dir", "second", "--standby")
    second = project.start("second", *words, program=("-m", "nof0_core"))
    project.until(second, lambda: "waiting for others to go" in project.said("second"))
    first.kill()
    first.wait()
    died, lease = lease_now(postgres)
    ran_out, waited = lease["until"], cpu_seconds(second)
    project.until(second, lambda: project.records("second", "engine_started")[1:])
    project.until(second, lambda: fresh_cycles(project, "second"))
    work = cpu_seconds(second) - waited
    traded, lease = lease_now(postgres)
    # Not before the lease has run out; 20 s after the death at the latest that is so.
    assert lease["since"] >= ran_out
    assert ran_out - died <= timedelta(seconds=TIMES.length)
    # What is left is when it asks next, and work: in seconds of a processor it has for itself.
    longest = ran_out - died + timedelta(seconds=TIMES.every / 2 + work)
    sys.stdout.write(
        f"taken over in {(traded - died).total_seconds():.1f} s: {(ran_out - died)} of the lease, "
        f"{work:.1f} s of work\n"
    )
    assert longest < timedelta(minutes=1)
    project.until(second, lambda: len(fresh_cycles(project, "second")) > 5)
    starts = project.records("second", "engine_started")
    assert [row["wall"]["lease"] for row in starts] == ["0000000001", "0000000002"]
    # Restored first: what the second one knows begins with what the first one did.
    assert starts[0] == project.records("first", "engine_started")[0]
    shown = project.command("engines").stdout
    assert f"process {second.pid}" in shown
    second.send_signal(signal.SIGTERM)
    assert second.wait() == 0
    (told,) = json.loads(project.command("engines", "--json").stdout)["engines"]
    assert (told["life"], told["token"]) == ("ended", 2)


def test_without_an_answer_nothing_leaves_and_with_one_trading_goes_on(project, postgres):
    engine = project.engine("data")
    project.until(engine, lambda: project.records("data", "filled"))
    postgres.pause()
    try:
        project.until(engine, lambda: "lease_unconfirmed" in project.codes("data"))
        count = len(project.records("data", "cycle"))
        project.until(engine, lambda: len(project.records("data", "cycle")) > count + 6)
    finally:
        postgres.resume()
    project.until(engine, lambda: "lease_confirmed" in project.codes("data"))
    fills = len(project.records("data", "filled"))
    project.until(engine, lambda: len(project.records("data", "filled")) > fills)
    engine.send_signal(signal.SIGTERM)
    assert engine.wait() == 0
    alerts = project.records("data", "alert")
    stopped, again = (
        next(row["seq"] for row in alerts if row["data"]["code"] == code)
        for code in ("lease_unconfirmed", "lease_confirmed")
    )
    sent = {
        row["data"]["request"]["client_id"]
        for row in project.records("data", "order_intended")
        if stopped < row["seq"] < again and row["data"]["purpose"] == "open"
    }
    answers = [
        row["data"]["outcome"]
        for row in project.records("data", "order_answered")
        if row["data"]["outcome"]["client_id"] in sent
    ]
    assert all("the lease was not confirmed" in answer["reason"] for answer in answers)
    assert [row["wall"]["lease"] for row in project.records("data", "engine_started")] == [
        "0000000001"
    ]


def test_without_a_lease_a_second_engine_is_refused_and_the_first_needs_no_database(
    tmp_path, postgres
):
    project = Project(tmp_path, postgres.database(), lease="false")
    try:
        first = project.engine("first")
        project.until(first, lambda: project.records("first", "filled"))
        refused = project.command("run", "etc/nof0.yaml", "--data-dir", "second")
        assert refused.returncode == 2
        assert "another engine holds the engine live" in refused.stderr
        assert "tells only" in project.command("engines").stdout
        waiting = project.command("run", "etc/nof0.yaml", "--standby")
        assert waiting.returncode == 2
        assert "Postgres.Lease is not set" in waiting.stderr
        postgres.pause()
        try:
            fills = len(project.records("first", "filled"))
            project.until(first, lambda: len(project.records("first", "filled")) > fills + 2)
        finally:
            postgres.resume()
        first.send_signal(signal.SIGTERM)
        assert first.wait() == 0
    finally:
        project.close()


def test_a_lease_needs_the_database_at_the_start(tmp_path, postgres):
    project = Project(tmp_path, "postgresql://nobody@127.0.0.1:1/none")
    refused = project.command("run", "etc/nof0.yaml", "--data-dir", "data")
    assert refused.returncode == 1
    assert "nobody can tell whether another engine trades" in refused.stderr
    assert "--standby" in refused.stderr
    checked = project.command("check", "etc/nof0.yaml")
    assert "Postgres.Lease: without the database entries stop after 15 s" in checked.stdout
    del postgres
