"""A browser, the finished demo and servers of it, for tests that look at the dashboard."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack

import pytest
from anyio.from_thread import start_blocking_portal
from browsing import ARGUMENTS, ROOT, Served, find_chromium
from playwright.sync_api import expect, sync_playwright

from nof0_api.app import make_app
from nof0_api.commands import TerminalLog
from nof0_api.server import bind, serving
from nof0_core.project import ServingConfig, TtlConfig
from nof0_core.sources import FileSource


@pytest.fixture(scope="session")
def chromium():
    """The browser of the machine; a bare Debian machine on which we are root gets one."""
    if not find_chromium() and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
        for command in (["apt-get", "update", "-q"], install):
            subprocess.run(command, capture_output=True, check=False, timeout=300)
    if not find_chromium():
        pytest.skip(
            "no Chromium: install one (apt-get install chromium) or name it in NOF0_CHROMIUM"
        )
    return find_chromium()


@pytest.fixture(scope="module")
def browser(chromium):
    # The page asks every few seconds, and the machine may be busy.
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def finished(run_in, tmp_path_factory):
    """The shipped demo, run to its end, with metrics."""
    home = tmp_path_factory.mktemp("dashboard")
    shutil.copytree(ROOT / "etc", home / "etc")
    shutil.copytree(ROOT / "prompts", home / "prompts")
    with (home / "etc" / "nof0.yaml").open("a") as main:
        main.write("\nExporters:\n  - {type: json, indicators: true}\n  - type: prometheus\n")
    run = run_in(home / "data", home / "etc" / "nof0.yaml")
    done = run.run("--cycles", "700")
    assert done.returncode == 0, done.stderr
    run.said = " ".join((done.stdout + done.stderr).split())
    return run


@pytest.fixture(scope="module")
def api(finished):
    served = Served(finished.config, finished.data)
    yield served
    served.stop()


@pytest.fixture
def serve_files(tmp_path):
    """Serve the files of a directory from this process; returns the address."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def serve(directory, state_dir=None):
            log = TerminalLog()
            config = ServingConfig(
                name="test",
                host="127.0.0.1",
                port=0,
                data_path=directory,
                metrics_file=None,
                ttl=TtlConfig(),
                allow_origins=(),
                allow_hosts=(),
                state_dir=state_dir,
            )
            app = make_app(FileSource(directory, log=log), config, log=log)
            address = bind(config.host, config.port)
            stack.enter_context(portal.wrap_async_context_manager(serving(app, address)))
            return address.url

        yield serve


@pytest.fixture
def open_page(browser):
    """Opens pages; at the end none of them may have complained or asked elsewhere."""
    contexts, complaints = [], []

    def opened(address, *, width=1280, scheme="light", may_fail=False, before=""):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id="Asia/Tokyo"
        )
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(before)
        page.set_default_timeout(60_000)
        origin = "/".join(address.split("/")[:3])

        def heard(message):
            if message.type in {"error", "warning"} and not may_fail:
                complaints.append(f"{address}: {message.text}")

        def requested(request):
            if not request.url.startswith((origin, "data:", "blob:")):
                complaints.append(f"{address} asked for {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(f"{address}: {error}"))
        page.on("request", requested)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints, complaints
