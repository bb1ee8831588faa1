"""A browser and a server for tests that look at pages."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium():
    named = os.environ.get("NOF0_CHROMIUM")
    return named or next(filter(None, map(shutil.which, PLACES)), None)


def ask(url, path):
    """What the API at an address answers."""
    with urllib.request.urlopen(f"{url}/api/{path}", timeout=10) as answer:  # noqa: S310
        return json.load(answer)


class Served:
    """`nof0 serve` as a process."""

    def __init__(self, config, data):
        command = [sys.executable, "-m", "nof0_core", "serve", str(config), "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(data)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self.url = re.search(r"http://[\d.:]+", self.process.stdout.readline()).group()

    def ask(self, path):
        return ask(self.url, path)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()
