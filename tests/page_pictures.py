"""Pictures of every page of the dashboard: in every state of an engine, on a phone and a desktop,
light and dark. `python tests/page_pictures.py FOLDER [STATE …]`; tests/pictures.py makes them, too.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

from anyio.from_thread import start_blocking_portal
from browsing import ARGUMENTS, ROOT, find_chromium
from page_states import STATES, in_state, talks_of

from nof0_api.app import make_app
from nof0_api.commands import TerminalLog
from nof0_api.server import bind, serving
from nof0_core.project import Logo, ServingConfig, TtlConfig
from nof0_core.sources import FileSource

DEMO = "etc/thinking.yaml"
WIDTHS = {"phone": 390, "desktop": 1440}
LOGO = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    b'<circle cx="8" cy="8" r="7" fill="#d0246e"/></svg>'
)


def pages_of(directory):
    """Return the address of every page by a name, with a trader and a cycle of the exports."""
    pages = {
        "arena": "#/",
        "arena-log": "#/?scale=log&unit=usd&range=24h&beside=trades",
        "positions": "#/positions",
        "trades": "#/trades",
        "conversations": "#/conversations",
        "search": "#/conversations?q=btc",
        "log": "#/log",
        "unknown": "#/nosuch",
    }
    path = directory / "conversations.json"
    if path.exists():
        talks = talks_of(directory)
        talk = next((one for one in talks if len(one["messages"]) > 1), talks[0])
        trader, at = talk["model_id"], talk["timestamp"]
        pages["trader"] = f"#/trader/{trader}"
        pages["cycle"] = f"#/conversations?trader={trader}&at={at}"
    return pages


def main(folder: Path, states=STATES, names=()) -> None:
    """Write `STATE-PAGE-WIDTH-THEME.png` for all of them, saying what the console said."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        data = Path(place) / "data"
        _nof0("run", DEMO, "--data-dir", str(data), "--cycles", "700")
        runs = keep_runs(data)
        portal = stack.enter_context(start_blocking_portal())
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path=find_chromium(), args=ARGUMENTS
        )
        for state in states:
            directory = in_state(SimpleNamespace(data=data), state, Path(place) / state)
            url = _serve(stack, portal, directory, data)
            for width_name, width in WIDTHS.items():
                for scheme in ("light", "dark"):
                    page = browser.new_page(
                        viewport={"width": width, "height": 900}, color_scheme=scheme
                    )
                    page.on("console", lambda said: sys.stdout.write(f"console: {said.text}\n"))
                    page.on("pageerror", lambda error: sys.stdout.write(f"error: {error}\n"))
                    page.goto(url)
                    for name, address in (pages_of(directory) | runs).items():
                        if names and name not in names:
                            continue
                        if address.startswith("#"):
                            page.evaluate("to => { location.hash = to }", address)
                        else:  # the last ones: a page of their own
                            page.goto(f"{url}/{address}")
                        page.wait_for_timeout(700)
                        page.locator("main [aria-busy]").first.wait_for(state="detached")
                        for part in page.get_by_text("What changed since").all()[:1]:
                            part.click()
                        file = f"{state}-{name}-{width_name}-{scheme}.png"
                        page.screenshot(path=folder / file, full_page=True)
                    page.close()
        browser.close()
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")


def keep_runs(data):
    """Put two backtests and a sweep into a data directory; return addresses of their pages."""
    for last in ("2025-07-24", "2025-07-25"):
        days = ("--from", "2025-07-23", "--to", last)
        _nof0("backtest", "etc/nof0.yaml", *days, "--data-dir", str(data))
    _nof0("sweep", "etc/sweep.yaml", "--data-dir", str(data))
    one, other = sorted((data / "backtests").iterdir())
    compared = urlencode({"a": f"backtests/{one.name}", "b": f"backtests/{other.name}"})
    reports = {"report": f"runs/backtests/{one.name}", "sweep": "runs/sweeps/sweep"}
    return {"runs": "#/runs", "compared": f"#/runs?{compared}"} | {
        name: f"{path}/report.html" for name, path in reports.items()
    }


def _nof0(*words):
    command = [sys.executable, "-m", "nof0_core", *words]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def _serve(stack, portal, directory, data):
    log = TerminalLog()
    config = ServingConfig(
        name="pictures",
        host="127.0.0.1",
        port=0,
        data_path=directory,
        metrics_file=None,
        ttl=TtlConfig(),
        allow_origins=(),
        allow_hosts=(),
        state_dir=data,
        logos={"holder": Logo(kind="svg", data=LOGO)},
    )
    app = make_app(FileSource(directory, log=log), config, log=log)
    address = bind(config.host, config.port)
    stack.enter_context(portal.wrap_async_context_manager(serving(app, address)))
    return address.url


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"), sys.argv[2:] or STATES)
