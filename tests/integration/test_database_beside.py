"""A database beside an engine on the machine's clock: silent, stopped, and back again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from time import sleep

import live_project
import pytest
from postgres_server import PostgresServer

pytestmark = pytest.mark.integration
CYCLES = 30 if os.environ.get("NOF0_ENDS") else 4
"""How many each trader does in each stretch; one a second is due."""
STEP = timedelta(seconds=1)


class Engine:
    """A run of two traders that serves its files, and a server over its database."""

    def __init__(self, root, source):
        self.root = root
        main = live_project.write(root)
        with socket.socket() as probe, socket.socket() as other:
            probe.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            self.port, self.beside = probe.getsockname()[1], other.getsockname()[1]
        text = main.read_text().replace("Port: 8888", f"Port: {self.port}")
        main.write_text(f"{text}\nExporters: [json, {{type: sql, data_source: '{source}'}}]\n")
        self.processes = []

    def start(self, *words):
        command = [sys.executable, "-m", "nof0_core", words[0], "etc/nof0.yaml", *words[1:]]
        with (self.root / "said.log").open("a") as said:
            started = subprocess.Popen(
                command, cwd=self.root, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        self.processes.append(started)
        return started

    def until(self, is_so):
        while not is_so():
            for process in self.processes:
                assert process.poll() is None, (self.root / "said.log").read_text()[-3000:]
            sleep(0.05)

    def health(self, port):
        """Return what /api/health answers, None while nobody does."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health") as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)
        except OSError:
            return None

    def cycles(self):
        """Return trader, number and how late each cycle was recorded, oldest first."""
        found = []
        for path in (self.root / "data" / "journal").rglob("*.jsonl"):
            for line in path.read_bytes().split(b"\n")[:-1]:
                if b'"type":"cycle"' in line:
                    record = json.loads(line)
                    at = datetime.fromisoformat(record["time"])
                    body = record["data"]
                    due = datetime.fromisoformat(body["scheduled"])
                    found.append((record["seq"], body["trader"], body["number"], at - due))
        return sorted(found)

    def live(self):
        """Let every trader do so many more cycles; returns them."""
        before = self.cycles()
        last = before[-1][0] if before else 0

        def fresh():
            return [each for each in self.cycles() if each[0] > last]

        self.until(
            lambda: all(
                sum(each[1] == trader for each in fresh()) >= CYCLES for trader in ("one", "two")
            )
        )
        return fresh()


@pytest.fixture
def postgres():
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def engine(postgres, tmp_path):
    made = Engine(tmp_path, postgres.source())
    yield made
    for process in made.processes:
        process.kill()
        process.wait()


def late(cycles):
    """Return how many cycles were recorded after the next one was due."""
    return sum(each[3] >= STEP for each in cycles)


def test_no_cycle_waits_for_it_and_all_rows_are_there_afterwards(
    engine, postgres, tmp_path, record_property
):
    run = engine.start("run", "--serve")
    engine.start("serve", "--source", "database", "--port", str(engine.beside))

    def lag(port=engine.port):
        found = engine.health(port)
        return None if found is None else (found["exporters"] or {}).get("sql")

    engine.until(lambda: lag() == 0)
    engine.until(lambda: (engine.health(engine.beside) or {}).get("status") == "ok")
    stretches = {"calm": engine.live()}
    for name, begin, end in (
        ("paused", postgres.pause, postgres.resume),
        ("stopped", postgres.stop, postgres.start),
    ):
        begin()
        # Nothing wakes it before they are done: who waited for it would wait for good.
        stretches[name] = engine.live()
        engine.until(lambda: (lag() or 0) >= CYCLES)
        assert engine.health(engine.port)["status"] == "ok"
        engine.until(lambda: engine.health(engine.beside)["status"] == "stale")
        end()
        engine.until(lambda: (lag() or 0) < CYCLES)
        engine.until(lambda: engine.health(engine.beside)["status"] == "ok")
        stretches[f"after it was {name}"] = engine.live()
    run.send_signal(signal.SIGTERM)
    assert run.wait() == 0
    numbers = [each[1:3] for each in engine.cycles()]
    assert len(numbers) == len(set(numbers))
    counts = {name: (late(found), len(found)) for name, found in stretches.items()}
    record_property("late", str(counts))
    said = subprocess.run(
        [sys.executable, "-m", "nof0_core", "db", "check", "etc/nof0.yaml"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    assert "equal the journal" in said.stdout + said.stderr
