"""Set up and run nof0 from a checkout, with nothing but Python 3.11 and a package registry.

    python3 dev.py run  [options of `nof0 run`]   make .venv, install, trade on paper
    python3 dev.py test [options of pytest]       the same with the test tools, then all tests,
                                                  on all cores (`-n 0`: one after the other)

The first call installs into `.venv`; later calls find a stamp and start at once. A change to a
pyproject.toml or to constraints.txt makes the next call install again. uv is used where it is
present, else pip.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CONSTRAINTS = ROOT / "constraints.txt"
# One worker takes a whole file of tests, so what they share is made once. Many tests wait for a
# limit to pass, so there is one worker more than cores.
COUNT = min(8, (os.cpu_count() or 1) + 1)
WORKERS = ["-n", str(COUNT), "--dist", "loadfile", "--no-loadscope-reorder"]
PACKAGES = ("nof0-core", "nof0-provider-sim", "nof0-provider-hyperliquid", "nof0-llm", "nof0-api")


def stop(message: str, *hints: str) -> None:
    """End with a message for a person instead of a traceback."""
    lines = [f"error: {message}", *(f"  {hint}" for hint in hints)]
    sys.exit("\n".join(lines))


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group of the root pyproject.toml."""
    import tomllib  # after the check of the version: older Pythons do not have it

    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    found: list[str] = []
    for entry in groups[name]:
        found += [entry] if isinstance(entry, str) else group(entry["include-group"])
    return found


def stamp(extra: str) -> Path:
    """Return the file that says that exactly this was installed, and here."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in (ROOT / "pyproject.toml", *(ROOT / p / "pyproject.toml" for p in PACKAGES)):
        digest.update(path.read_bytes())
    digest.update(CONSTRAINTS.read_bytes())
    return VENV / f".installed-{extra}-{digest.hexdigest()[:16]}"


def works(uv: str | None) -> bool:
    """Tell whether the interpreter in `.venv` starts, is new enough and has an installer."""
    question = "import sys; assert sys.version_info >= (3, 11)" + ("" if uv else "; import pip")
    try:
        asked = subprocess.run([str(PYTHON), "-c", question], check=False, capture_output=True)
    except OSError:
        return False
    return asked.returncode == 0


def make_venv(uv: str | None) -> None:
    """Make `.venv`, unless there is one whose interpreter still works."""
    if works(uv):
        return
    print(f"making {VENV}", file=sys.stderr)
    if uv:
        subprocess.run([uv, "venv", "-q", "--clear", "-p", sys.executable, str(VENV)], check=True)
        return
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(VENV, ignore_errors=True)
        stop(
            "this Python cannot make a virtual environment: its module ensurepip is missing",
            "on Debian and Ubuntu: apt install python3-venv",
            "or install uv, which needs no ensurepip",
        )


def install(extra: str) -> None:
    """Install the packages editable, and for `test` the test tools, at the pinned versions.

    The build tool goes first: with it in place the five packages need no build environment each.
    """
    done = stamp(extra)
    if done.exists() or stamp("test").exists():
        return
    uv = shutil.which("uv")
    make_venv(uv)
    pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if uv:
        pip = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(PYTHON)]
    pip += ["-c", str(CONSTRAINTS)]
    packages = [word for name in PACKAGES for word in ("-e", str(ROOT / name))]
    tools = group("test") if extra == "test" else []
    print("installing (once; takes about half a minute)", file=sys.stderr)
    try:
        subprocess.run([*pip, "setuptools>=77"], check=True)
        subprocess.run([*pip, "--no-build-isolation", *packages, *tools], check=True)
    except subprocess.CalledProcessError as error:
        stop(
            f"installing failed (exit code {error.returncode}); the lines above say why",
            "is a package registry reachable from here? (see `pip config list`)",
            "nothing was marked as done: call the same command again to go on",
        )
    # With PYTHONDONTWRITEBYTECODE set, every start would compile our own modules anew.
    sources = [str(ROOT / name / "src") for name in PACKAGES]
    subprocess.run([str(PYTHON), "-m", "compileall", "-q", *sources], check=False)
    for old in VENV.glob(f".installed-{extra}-*"):
        old.unlink()
    done.touch()


def main() -> None:
    """Do what the command line says."""
    what, *rest = sys.argv[1:] or ["help"]
    if os.name != "posix":
        stop("dev.py runs on Linux and macOS; on Windows use WSL")
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this may have an older one
        stop(f"nof0 needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    commands = {
        "run": ["nof0", "run", "etc/nof0.yaml"],
        "test": ["python", "-m", "pytest", *WORKERS],
    }
    if what not in commands:
        sys.exit(__doc__)
    install("test" if what == "test" else "run")
    program, *arguments = commands[what]
    os.chdir(ROOT)
    path = str(VENV / "bin" / program)
    os.execv(path, [path, *arguments, *rest])  # noqa: S606 - replaces this process, no shell


if __name__ == "__main__":
    main()
