"""Set up and run nof0 from a checkout, with nothing but Python 3.11 and a package registry.

    python3 dev.py run [options]    make .venv, install, trade on paper: etc/thinking.yaml, where a
                                    language model thinks, unless another CONFIG is named
    python3 dev.py COMMAND ...      any other command of nof0: serve, check, leaderboard, ...;
                                    `python3 dev.py nof0 --help` lists them
    python3 dev.py test [options]   the same with the test tools, then all tests, on all cores
                                    (options are pytest's; `-n 0`: one after the other)

The first call installs into `.venv`; later calls find a stamp and start at once. A change to a
pyproject.toml or to constraints.txt makes the next call install again. uv is used where it is
present, else pip. `source .venv/bin/activate` puts the command `nof0` on PATH.
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
DEMO = Path("etc") / "thinking.yaml"
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


def shown(command: list[str]) -> None:
    """Run an installer and show what it is at: one line on a terminal, elsewhere now and then.

    Raises:
        CalledProcessError: it failed; what it wrote to standard error is on the screen.
    """
    count = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as running:
        for line in running.stdout or ():
            words = line.split()
            if words[:1] == ["Collecting"]:
                count += 1
                said(f"package {count}: {words[1]}", is_minor=count % 20 != 0)
            elif words[:1] == ["Installing"]:
                said(f"installing {count} packages and what nof0 consists of")
    said("")
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)


def said(text: str, *, is_minor: bool = False) -> None:
    """Show how far it is in one line of a terminal; elsewhere what is not minor gets its own."""
    if sys.stderr.isatty():
        room = shutil.get_terminal_size().columns - 3
        print(
            f"\r\x1b[K  {text[:room]}" if text else "\r\x1b[K", end="", file=sys.stderr, flush=True
        )
    elif text and not is_minor:
        print(f"  {text}", file=sys.stderr, flush=True)


def install(extra: str) -> None:
    """Install the packages editable, and for `test` the test tools, at the pinned versions.

    The build tool goes first: with it in place the five packages need no build environment each.
    """
    done = stamp(extra)
    if done.exists() or stamp("test").exists():
        return
    uv = shutil.which("uv")
    make_venv(uv)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    if uv:
        pip = [uv, "pip", "install", "--compile-bytecode", "--python", str(PYTHON)]
    pip += ["-c", str(CONSTRAINTS)]
    packages = [word for name in PACKAGES for word in ("-e", str(ROOT / name))]
    tools = group("test") if extra == "test" else []
    print("installing (once; takes about a minute)", file=sys.stderr)
    try:
        shown([*pip, "-q", "setuptools>=77"])
        shown([*pip, "--no-build-isolation", *packages, *tools])
    except subprocess.CalledProcessError as error:
        stop(
            f"installing failed (exit code {error.returncode}); the lines above say why",
            "is a package registry reachable from here? (see `pip config list`)",
            "nothing was marked as done: call the same command again to go on",
        )
    # With PYTHONDONTWRITEBYTECODE set, every start would compile our own modules anew.
    sources = [str(ROOT / name / "src") for name in PACKAGES]
    said("compiling")
    subprocess.run([str(PYTHON), "-m", "compileall", "-q", *sources], check=False)
    said("")
    for old in VENV.glob(f".installed-{extra}-*"):
        old.unlink()
    done.touch()
    print(
        f"installed. `source {VENV / 'bin' / 'activate'}` puts `nof0` on PATH;\n"
        "`python3 dev.py COMMAND` does the same without",
        file=sys.stderr,
    )


def main() -> None:
    """Do what the command line says."""
    what, *rest = sys.argv[1:] or ["help"]
    if what in {"help", "-h", "--help"}:
        print(__doc__)
        return
    if os.name != "posix":
        stop("dev.py runs on Linux and macOS; on Windows use WSL")
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this may have an older one
        stop(f"nof0 needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    if what == "test":
        install("test")
        os.chdir(ROOT)
        # Else each worker would compile all files of tests, and whatever changed, at every run.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        path, arguments = str(PYTHON), ["-m", "pytest", *WORKERS, *rest]
    else:
        install("run")
        # A command without CONFIG means the demo, but in a project of one's own that one.
        if Path.cwd() == ROOT:
            os.environ.setdefault("NOF0_CONFIG", str(DEMO))
        elif not Path("etc/nof0.yaml").exists():
            os.environ.setdefault("NOF0_CONFIG", str(ROOT / DEMO))
        path, arguments = str(VENV / "bin" / "nof0"), rest if what == "nof0" else [what, *rest]
    os.execv(path, [path, *arguments])  # noqa: S606 - replaces this process, no shell


if __name__ == "__main__":
    main()
