"""`dev.py` passes every command on, and shows how far an installation is."""

from __future__ import annotations

import importlib.util
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imported(path: Path):
    spec = importlib.util.spec_from_file_location("dev_of_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path):
    """A checkout that is installed already, with a `nof0` that says what it was asked."""
    home = tmp_path / "checkout"
    home.mkdir()
    dev = imported(Path(shutil.copy(ROOT / "dev.py", home)))
    for name in (
        "pyproject.toml",
        "constraints.txt",
        *(f"{p}/pyproject.toml" for p in dev.PACKAGES),
    ):
        (home / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, home / name)
    (home / "etc").mkdir()
    (home / "etc" / "nof0.yaml").write_text("")
    program = home / ".venv" / "bin" / "nof0"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@" "in $PWD config=$NOF0_CONFIG"\n')
    program.chmod(0o755)
    dev.stamp("run").touch()
    return home


def asked(checkout: Path, cwd: Path, *words: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "NOF0_CONFIG"}
    done = subprocess.run(
        [sys.executable, checkout / "dev.py", *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["run", "--cycles", "2"], "run --cycles 2"),
        (["serve", "--port", "0"], "serve --port 0"),
        (["check"], "check"),
        (["leaderboard", "--json"], "leaderboard --json"),
        (["nof0", "--help"], "--help"),
    ],
)
def test_every_command_is_passed_on(checkout, words, wanted):
    demo = "etc/thinking.yaml"
    assert asked(checkout, checkout, *words) == f"{wanted} in {checkout} config={demo}\n"
    assert (ROOT / demo).exists()


def test_from_elsewhere_it_is_the_configuration_of_the_checkout(checkout, tmp_path):
    config = checkout / "etc" / "thinking.yaml"
    assert asked(checkout, tmp_path, "check") == f"check in {tmp_path} config={config}\n"


def test_in_a_project_of_ones_own_it_is_that_one(checkout, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "nof0.yaml").write_text("")
    assert asked(checkout, tmp_path, "check") == f"check in {tmp_path} config=\n"


def test_tests_keep_their_byte_code_whatever_the_environment_says(checkout):
    imported(checkout / "dev.py").stamp("test").touch()
    program = checkout / ".venv" / "bin" / "python"
    program.write_text('#!/bin/sh\necho "$2 ${PYTHONDONTWRITEBYTECODE-kept}"\n')
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONDONTWRITEBYTECODE", "1")
        assert asked(checkout, checkout, "test") == "pytest kept\n"


def test_it_says_what_it_can_do_without_installing(tmp_path):
    shutil.copy(ROOT / "dev.py", tmp_path)
    for words in ([], ["--help"]):
        assert "source .venv/bin/activate" in asked(tmp_path, tmp_path, *words)
    assert not (tmp_path / ".venv").exists()


PIP = """
for number in range(41):
    print(f"Collecting package-{number}>=1.0", flush=True)
print("Installing collected packages: many", flush=True)
"""


def test_an_installation_shows_what_it_is_at(capfd):
    dev = imported(ROOT / "dev.py")
    dev.shown([sys.executable, "-c", PIP])
    lines = capfd.readouterr().err.splitlines()
    assert [line.strip() for line in lines] == [
        "package 20: package-19>=1.0",
        "package 40: package-39>=1.0",
        "installing 41 packages and what nof0 consists of",
    ]
    with pytest.raises(subprocess.CalledProcessError):
        dev.shown([sys.executable, "-c", "raise SystemExit(3)"])


def test_on_a_terminal_it_is_one_line_for_each_package():
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import dev
dev.shown([sys.executable, '-c', {PIP!r}])
"""
    inner, outer = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stderr=outer, stdin=outer) as running:
        os.close(outer)
        seen = b""
        while chunk := _read(inner):
            seen += chunk
    os.close(inner)
    assert running.returncode == 0
    assert seen.count(b"package ") == 41
    assert b"\n" not in seen


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other side is closed
        return b""
