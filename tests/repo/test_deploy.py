"""Image, compose file and unit name what is there, run as nobody in particular, and hold no secret.

Nothing here builds an image: what would stand in it is laid out in a folder, and run there.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from configparser import ConfigParser
from pathlib import Path

import click
import pytest
import yaml

from nof0_core.cli import cli
from nof0_core.cli.group import COMMANDS

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
WRITABLE = {"/data", "/tmp"}  # noqa: S108 - of the image


def instructions():
    """Return the stages of the Dockerfile, each a list of (instruction, rest)."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    stages = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, rest = line.strip().partition(" ")
            if word == "FROM":
                stages.append([])
            stages[-1].append((word, rest.strip()))
    return stages


def values(stage, word):
    return [rest for found, rest in stage if found == word]


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """What the last stage copies out of the repository, laid out as there."""
    root = tmp_path_factory.mktemp("image")
    for rest in values(instructions()[-1], "COPY"):
        if "--from" not in rest:
            source, target = rest.split()
            place = root / target.removeprefix("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            whole = ROOT / source
            shutil.copytree(whole, place) if whole.is_dir() else shutil.copy(whole, place)
    return root / "app"


def parsed(words):
    """Let the command line read words as it would; nothing is run."""
    name, *rest = words
    assert name in COMMANDS, name
    command = cli.get_command(click.Context(cli), name)
    return command.make_context(name, list(rest), parent=click.Context(cli)).params


# --- the image ------------------------------------------------------------------------------------


def test_everything_that_is_copied_is_there_and_let_through():
    let = {
        line[1:].rstrip("/")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    for stage in instructions():
        for rest in values(stage, "COPY"):
            if "--from" in rest:
                continue
            *sources, _ = rest.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert source.rstrip("/") in let, source
    assert "*" in (ROOT / ".dockerignore").read_text().splitlines()


def test_all_packages_are_installed_with_what_a_database_needs():
    (run,) = values(instructions()[0], "RUN")
    from tomllib import loads

    for package in ROOT.glob("nof0-*/pyproject.toml"):
        assert f"./{package.parent.name}" in run
    project = loads((ROOT / "nof0-core" / "pyproject.toml").read_text())["project"]
    extras = set(re.search(r"nof0-core\[([^\]]+)\]", run)[1].split(","))
    assert extras == {"postgres", "redis"}
    assert "postgres" in project["optional-dependencies"]


def test_the_image_runs_as_an_ordinary_user_and_names_its_base():
    last = instructions()[-1]
    (user,) = values(last, "USER")
    assert all(int(part) > 999 for part in user.split(":"))
    assert [word for word, _ in last].index("USER") > max(
        at for at, (word, _) in enumerate(last) if word in ("RUN", "COPY")
    )
    for stage in instructions():
        base = stage[0][1].split(" AS ")[0]
        assert re.search(r":\d", base), base
    assert not re.search(
        r"(?i)(password|secret|private_key)\s*=", (ROOT / "Dockerfile").read_text()
    )


def test_the_image_starts_a_command_that_exists(image, monkeypatch):
    last = instructions()[-1]
    assert json.loads(values(last, "ENTRYPOINT")[0]) == ["nof0"]
    monkeypatch.setenv("NOF0_CONFIG", str(image / "deploy" / "nof0.yaml"))
    found = parsed(json.loads(values(last, "CMD")[0]))
    assert str(found["data_dir"]) in values(last, "VOLUME")
    assert found["serve"]
    assert found["yes"]


def test_what_is_in_the_image_runs_and_its_health_check_tells_so(image, tmp_path):
    """Under the variables of the image, on a port of its own, with nothing else to write to."""
    last = instructions()[-1]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    main = image / "deploy" / "nof0.yaml"
    main.write_text(main.read_text().replace("Port: 8888", f"Port: {port}"))
    environ = os.environ | {"NOF0_CONFIG": str(main), "TMPDIR": str(tmp_path)}
    words = json.loads(values(last, "CMD")[0])
    words[words.index("/data")] = str(tmp_path / "data")
    check = values(last, "HEALTHCHECK")[0].partition("CMD ")[2]
    probe = [sys.executable, *json.loads(check)[1:]]
    probe = [word.replace(":8888", f":{port}") for word in probe]
    before = {path: path.stat().st_mtime_ns for path in image.rglob("*")}
    process = subprocess.Popen(
        [sys.executable, "-B", "-m", "nof0_core", *words],
        cwd=image, env=environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        while subprocess.run(probe, check=False, capture_output=True).returncode:
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.2)  # noqa: TID251 - a process of the machine is waited for
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate()
        assert process.returncode == 0, said
    finally:
        process.kill()
        process.wait()
    assert subprocess.run(probe, check=False, capture_output=True).returncode
    assert {path: path.stat().st_mtime_ns for path in image.rglob("*")} == before


# --- compose --------------------------------------------------------------------------------------


def test_the_engine_of_compose_is_the_image_with_a_read_only_root(compose, image, monkeypatch):
    engine = compose["services"]["engine"]
    assert engine["read_only"]
    assert engine["user"] == values(instructions()[-1], "USER")[0]
    assert engine["cap_drop"] == ["ALL"]
    targets = {each.rpartition(":")[2] for each in engine["volumes"]}
    targets |= {each.partition(":")[0] for each in engine["tmpfs"]}
    assert targets == WRITABLE
    monkeypatch.setenv("NOF0_CONFIG", str(image / "deploy" / "nof0.yaml"))
    assert parsed(engine["command"])["serve"]


def test_what_compose_mounts_and_waits_for_is_there(compose):
    others = {"./examples/monitoring"}  # comes with dashboard and rules
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert source in others or (ROOT / source).exists(), source
                assert volume.endswith(":ro"), volume
            else:
                assert source in compose["volumes"], source
        for needed in service.get("depends_on", []):
            wanted = compose["services"][needed]
            is_healthy = isinstance(service["depends_on"], dict)
            assert not is_healthy or "healthcheck" in wanted, (name, needed)
        assert "build" in service or re.search(r":v?\d+\.\d", service["image"]), name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), port


def test_compose_holds_no_secret_and_says_which_are_missing(compose):
    text = (ROOT / "compose.yaml").read_text()
    secrets = set(re.findall(r"\$\{(\w+_PASSWORD)(:\?[^}]+)?\}", text))
    assert {name for name, _ in secrets} == {
        "POSTGRES_PASSWORD", "REDIS_PASSWORD", "GRAFANA_PASSWORD"
    }  # fmt: skip
    assert all(said for _, said in secrets)
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            is_secret = re.search(r"(?i)pass|source", name)
            assert not is_secret or "${" in value, name


def test_every_variable_of_compose_is_one_the_configuration_reads(compose):
    said = (ROOT / "deploy" / "nof0.yaml").read_text()
    for name in compose["services"]["engine"]["environment"]:
        assert f"${{{name}" in said, name


def test_prometheus_and_grafana_find_what_they_look_for(compose):
    config = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text())
    names = yaml.safe_load((ROOT / "deploy" / "nof0.yaml").read_text())["AllowHosts"]
    for job in config["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            host, port = target.split(":")
            assert host in compose["services"]
            assert f":-{host}}}" in names[0]
            assert f"EXPOSE {port}" in (ROOT / "Dockerfile").read_text()
    (source,) = yaml.safe_load(
        (ROOT / "deploy" / "grafana" / "datasources" / "prometheus.yaml").read_text()
    )["datasources"]
    assert source["url"].split("//")[1].split(":")[0] in compose["services"]
    (folder,) = yaml.safe_load(
        (ROOT / "deploy" / "grafana" / "dashboards" / "nof0.yaml").read_text()
    )["providers"]
    mounted = [each.split(":")[1] for each in compose["services"]["grafana"]["volumes"]]
    assert folder["options"]["path"] in mounted


# --- systemd --------------------------------------------------------------------------------------


@pytest.fixture
def unit():
    parser = ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str
    parser.read(ROOT / "deploy" / "nof0.service")
    return parser


def test_the_unit_runs_a_command_that_exists_as_a_user_of_its_own(unit, image, monkeypatch):
    service = unit["Service"]
    assert service["User"] not in ("", "root")
    program, *words = shlex.split(service["ExecStart"])
    assert program.endswith("/nof0")
    words[1] = str(image / "deploy" / "nof0.yaml")
    found = parsed(words)
    assert str(found["data_dir"]) == f"/var/lib/{service['StateDirectory']}"
    assert service["Environment"] == f"XDG_RUNTIME_DIR=/run/{service['RuntimeDirectory']}"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"


def test_the_unit_gives_an_end_its_time_and_does_not_repeat_what_cannot_help(unit):
    from nof0_core.cli.report import USAGE
    from nof0_core.execution.limits import LIMITS

    service = unit["Service"]
    assert int(service["TimeoutStopSec"]) > LIMITS.end
    assert service["RestartPreventExitStatus"] == str(USAGE)
    assert int(service["RestartSec"]) <= 30


def test_systemd_accepts_the_unit(unit, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here; the unit was parsed by the tests above")
    program = unit["Service"]["ExecStart"].split()[0]
    text = (ROOT / "deploy" / "nof0.service").read_text().replace(program, shutil.which("true"))
    (tmp_path / "nof0.service").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "nof0.service"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
