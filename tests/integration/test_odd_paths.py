"""Every command, given a path where something odd is: one sentence, exit code 2, and it ends."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
from pathlib import Path

import pytest

from nof0_core import cli
from nof0_core.testing.project import Outcome

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
CANARY = "sk-canary-4711"
PEM = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"
LONGEST_WAIT = 300
"""Seconds after which a command counts as hanging; none takes more than a few."""


def a_socket(path):
    # A socket's name may be short only; where it is bound does not matter, so it is moved there.
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)


def linked(target):
    return lambda path: path.symlink_to(target)


def text(content):
    return lambda path: path.write_bytes(content.encode() if isinstance(content, str) else content)


ODD = {
    "pipe": os.mkfifo,
    "socket": a_socket,
    "endless device": linked("/dev/zero"),
    "terminal": linked("/dev/tty"),
    "directory": Path.mkdir,
    "circle": lambda path: path.symlink_to(path.name),
    "dangling": linked("nowhere"),
    "private key": text(PEM),
    "variables": text(f"KEY={CANARY}\nOTHER=b: {CANARY}\n"),
    "other encoding": text(f"a: {CANARY}\n".encode() + b"\xff\xfe"),
    "control character": text(f"a: {CANARY}\x07\n"),
    "deep": text("[" * 50_000),
    "deep mapping": text("{a: " * 50_000),
    "laughs": text(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    ),
    "alias": text(f"*{CANARY}"),
    "tag": text(f"!{CANARY} a"),
    "tab": text(f"a:\n\tb: {CANARY}\n"),
    "two documents": text(f"a: 1\n---\nb: {CANARY}\n"),
    "huge": text("# " + "x" * 1_000_001),
}
"""What may stand at a path, by name: each makes it there."""

CONFIGURED = (
    ("check", "CONFIG"),
    ("run", "CONFIG", "--cycles", "1"),
    ("halt", "CONFIG"),
    ("resume", "CONFIG"),
    ("traders", "status", "CONFIG"),
    ("traders", "pause", "CONFIG"),
    ("traders", "resume", "CONFIG"),
    ("traders", "close", "CONFIG"),
    ("traders", "settle", "CONFIG", "paper_trading", "BTC"),
    ("journal", "list", "CONFIG"),
    ("journal", "show", "CONFIG", "1"),
    ("journal", "verify", "CONFIG"),
    ("leaderboard", "CONFIG"),
    ("prompt", "render", "CONFIG", "--trader", "holder"),
    ("prompt", "lint", "CONFIG"),
    ("prompt", "diff", "holder", "holder", "--config", "CONFIG"),
    ("llm", "models", "--config", "CONFIG"),
    ("serve", "CONFIG", "--port", "0"),
)
"""Every command that takes a configuration."""
WHOLE = [words for words in CONFIGURED if words[0] in ("check", "run", "prompt", "llm")]
"""Those that read all files of it."""


@contextlib.contextmanager
def limited():
    """Let what hangs fail instead of stopping all tests."""

    def hangs(_signal, _frame):
        message = "it hangs"
        raise TimeoutError(message)

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(LONGEST_WAIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A copy of the shipped configuration, and the working directory."""
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def nof0(capfd):
    """Run a command here and return how it ended."""

    def call(*words):
        with limited(), pytest.raises(SystemExit) as end:
            cli.main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Outcome(exit_code=end.value.code, stdout=out, stderr=err)

    return call


def refused(outcome, *words):
    said = outcome.stdout + outcome.stderr
    assert outcome.exit_code == 2, said
    assert "Traceback" not in said
    assert CANARY not in said
    assert outcome.stderr.strip()
    assert len(outcome.stderr.splitlines()) < 12, said
    assert len(outcome.stderr) < 3000, said
    for word in words:
        assert word in said, said


def put(path, odd):
    if path.exists():
        path.unlink()
    ODD[odd](path)


@pytest.mark.parametrize("odd", ODD)
def test_as_the_configuration(root, nof0, odd):
    path = root / "etc" / "odd.yaml"
    put(path, odd)
    for words in CONFIGURED:
        if odd == "directory" and words[0] in ("journal", "leaderboard"):
            continue  # they take a directory, too; this one is only empty
        refused(nof0(*(path if word == "CONFIG" else word for word in words)), "odd.yaml")


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("file", ["llm", "executor", "exchange", "market", "manager"])
def test_as_a_file_the_configuration_names(root, nof0, odd, file):
    put(root / "etc" / f"{file}.yaml", odd)
    outcome = nof0("check", "etc/nof0.yaml")
    refused(outcome)
    # Where nothing can be read it is said of the line that names it, with where a link leads.
    assert re.search(rf"etc/{file}\.yaml|etc/nof0\.yaml:\d+: \w+\.File: ", outcome.stderr)


@pytest.mark.parametrize("odd", ["pipe", "endless device", "private key", "deep", "circle"])
def test_whoever_reads_that_file(root, nof0, odd):
    put(root / "etc" / "manager.yaml", odd)
    for words in CONFIGURED:
        if words[0] != "serve":
            line = nof0(*("etc/nof0.yaml" if word == "CONFIG" else word for word in words))
            refused(line, "Manager.File" if odd == "endless device" else "manager.yaml")


@pytest.mark.parametrize(
    "odd", [odd for odd in ODD if odd not in ("dangling", "private key", "variables", "alias")]
)
def test_as_the_variables_beside_it(root, nof0, odd):
    put(root / "etc" / ".env", odd)
    for words in CONFIGURED[:2]:
        refused(nof0(*("etc/nof0.yaml" if word == "CONFIG" else word for word in words)), ".env")
    # Where the data directory is says no variable here, so a halt needs none.
    assert CANARY not in nof0("halt", "etc/nof0.yaml").check().stdout


@pytest.mark.parametrize(
    "odd", ["pipe", "socket", "endless device", "directory", "circle", "other encoding", "huge"]
)
def test_as_a_prompt_template(root, nof0, odd):
    put(root / "prompts" / "executor" / "default_prompt.tmpl", odd)
    for words in WHOLE:
        if words[0] != "llm":
            line = nof0(*("etc/nof0.yaml" if word == "CONFIG" else word for word in words))
            refused(line, "default_prompt.tmpl")
    refused(
        nof0("prompt", "diff", "prompts/executor/default_prompt.tmpl", "none"), "default_prompt"
    )


NO_PATHS = {
    "~nosuchuser/x": "no home directory",
    "a\\0b": "character no path has",
    "x" * 300: "more than 255 bytes",
    "x/" * 2000 + "x": "more than 3500 bytes",
    "circle/x": "lead in a circle",
}


@pytest.mark.parametrize("written", NO_PATHS)
@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("nof0", "DataPath: {}"),
        ("nof0", "Plugins: [{}]"),
        ("nof0", "  File: {}"),
        ("manager", "  state_storage_path: {}"),
        ("manager", "    journal_dir: {}"),
        ("manager", "    prompt_template: {}"),
    ],
)
def test_a_text_that_is_no_path(root, nof0, written, file, line):
    (root / "etc" / "circle").symlink_to("circle")
    path = root / "etc" / f"{file}.yaml"
    key = line.split(":")[0].strip()
    lines = path.read_text().splitlines()
    if key == "File":
        del lines[lines.index("LLM:") + 1]
    else:
        lines = [one for one in lines if one.split(":")[0].strip() != key]
    start = lines.index("manager:") + 1 if file == "manager" else len(lines)
    if key == "File":
        start = lines.index("LLM:") + 1
    if key in ("journal_dir", "prompt_template"):
        start = next(at for at, one in enumerate(lines) if one.strip().startswith("- id:")) + 1
    lines.insert(start, line.format(f'"{written}"'))
    path.write_text("\n".join(lines) + "\n")
    words = [NO_PATHS[written]] if key != "prompt_template" else []
    refused(nof0("check", "etc/nof0.yaml"), f"{file}.yaml:{start + 1}: ", *words)


IN_THE_WAY = {odd: ODD[odd] for odd in ("pipe", "socket", "endless device", "circle", "dangling")}
IN_THE_WAY["file"] = text(CANARY)


@pytest.mark.parametrize("odd", IN_THE_WAY)
def test_in_the_place_of_the_data_directory(root, nof0, odd):
    data = root / "data"
    IN_THE_WAY[odd](data)
    said = set()
    for words in (
        ("check", "etc/nof0.yaml"),
        ("run", "etc/nof0.yaml", "--cycles", "1"),
        ("halt", "etc/nof0.yaml"),
        ("resume", "etc/nof0.yaml"),
        ("traders", "pause", "etc/nof0.yaml"),
        ("traders", "status", "etc/nof0.yaml"),
        ("journal", "list", "etc/nof0.yaml"),
        ("journal", "verify", "etc/nof0.yaml"),
        ("leaderboard", "etc/nof0.yaml"),
    ):
        outcome = nof0(*words)
        refused(outcome, "etc/manager.yaml:", f"{data} cannot be used: ")
        said |= {line for line in outcome.stderr.splitlines() if str(data) in line}
        if words[0] in ("check", "run", "halt"):
            refused(nof0(*words, "--data-dir", "data"), "data")
    assert len(said) == 1, said
    # What a link leads to is not made.
    assert not (root / "nowhere").exists()
    assert os.path.lexists(data)


@pytest.mark.parametrize("odd", IN_THE_WAY)
@pytest.mark.parametrize(("file", "key"), [("nof0", "DataPath"), ("manager", "    journal_dir")])
def test_in_the_place_of_another_directory(root, nof0, odd, file, key):
    other = root / "other"
    IN_THE_WAY[odd](other)
    path = root / "etc" / f"{file}.yaml"
    lines = [one for one in path.read_text().splitlines() if one.split(":")[0] != key]
    start = next((at for at, one in enumerate(lines) if one.strip().startswith("- id:")), -1)
    lines.insert(start + 1, f"{key}: ../other")
    path.write_text("\n".join(lines) + "\n")
    for words in (("check",), ("run",)):
        refused(nof0(*words, "etc/nof0.yaml"), f"{other} cannot be used: ")
    assert not (root / "nowhere").exists()
    assert nof0("halt", "etc/nof0.yaml").check()
    assert (root / "data" / "control" / "halt.json").exists()


@pytest.mark.parametrize("odd", IN_THE_WAY)
def test_in_the_place_of_an_exporters_directory(root, nof0, odd):
    IN_THE_WAY[odd](root / "other")
    with (root / "etc" / "nof0.yaml").open("a") as file:
        file.write("Exporters: [{type: json, path: ../other}]\n")
    outcome = nof0("run", "etc/nof0.yaml", "--cycles", "2").check()
    assert "Traceback" not in outcome.stderr
    # Nothing but the exporter is stopped, and what a link leads to is not made.
    assert "cannot make the directory" in outcome.stderr
    assert not (root / "nowhere").exists()


@pytest.mark.parametrize("odd", ["pipe", "socket", "endless device", "directory", "circle"])
@pytest.mark.parametrize("name", ["engine.lock", "manager_state.json"])
def test_in_the_place_of_a_file_of_the_engine(root, nof0, odd, name):
    data = root / "data"
    data.mkdir()
    put(data / name, odd)
    refused(nof0("run", "etc/nof0.yaml", "--cycles", "1"), "data", name)
    refused(nof0("run", "etc/nof0.yaml", "--cycles", "1", "--data-dir", "data"), "data", name)
    (data / "api").mkdir(exist_ok=True)
    put(data / "api" / "status.json", odd)
    refused(nof0("traders", "status", "etc/nof0.yaml"), "status.json")
    # Looking whether an engine runs neither hangs nor keeps a halt away.
    assert nof0("halt", "etc/nof0.yaml").check()
    assert (data / "control" / "halt.json").exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_the_data_directory_is_where_the_link_stands_not_where_it_leads(root, nof0, is_there):
    (root / "far").mkdir()
    (root / "data").mkdir()
    if is_there:
        (root / "far" / "state.json").write_text("{}\n")
    (root / "data" / "manager_state.json").symlink_to(root / "far" / "state.json")
    nof0("halt", "etc/nof0.yaml").check()
    assert (root / "data" / "control" / "halt.json").exists()
    nof0("resume", "etc/nof0.yaml").check()
    nof0("run", "etc/nof0.yaml", "--cycles", "1").check()
    assert (root / "data" / "journal").is_dir()
    assert {one.name for one in (root / "far").iterdir()} <= {"state.json"}


def test_every_command_finds_the_same_directory_behind_a_link_and_two_dots(root, nof0):
    (root / "far" / "inner").mkdir(parents=True)
    (root / "far" / "data").mkdir()
    (root / "data").mkdir()
    (root / "link").symlink_to("far/inner")
    nof0("run", "etc/nof0.yaml", "--cycles", "1", "--data-dir", "link/../data").check()
    nof0("halt", "etc/nof0.yaml", "--data-dir", "link/../data").check()
    nof0("traders", "pause", "etc/nof0.yaml", "--data-dir", "link/../data").check()
    found = {one.name for one in (root / "far" / "data").iterdir()}
    assert {"journal", "control"} <= found
    assert not list((root / "data").iterdir())


@pytest.mark.parametrize("odd", ["pipe", "socket", "endless device", "circle"])
def test_in_the_place_of_what_a_person_tells_the_engine(root, nof0, odd):
    control = root / "data" / "control"
    control.mkdir(parents=True)
    put(control / "halt.json", odd)
    outcome = nof0("run", "etc/nof0.yaml", "--cycles", "2").check()
    assert "Traceback" not in outcome.stderr
    # Whoever put it there meant something: it counts as a halt, and a person can end it.
    listed = nof0("journal", "list", "data", "--type", "alert", "--json").check()
    assert '"code":"halted"' in listed.stdout
    assert nof0("traders", "status", "etc/nof0.yaml").check()
    assert nof0("resume", "etc/nof0.yaml").check()
    assert not os.path.lexists(control / "halt.json")


@pytest.mark.parametrize("odd", ["pipe", "endless device", "directory", "circle"])
def test_a_log_that_cannot_be_written_is_told_and_stops_nothing(root, nof0, odd):
    data = root / "data"
    data.mkdir()
    put(data / "nof0.log", odd)
    outcome = nof0("run", "etc/nof0.yaml", "--cycles", "2").check()
    told = [line for line in outcome.stderr.splitlines() if "nof0.log" in line]
    assert len(told) == 1
    assert "log lines are lost" in told[0]


def test_a_control_directory_that_is_none_is_a_halt_that_did_not_happen(root, nof0):
    (root / "data").mkdir()
    (root / "data" / "control").write_text(CANARY)
    refused(nof0("halt", "etc/nof0.yaml"), "NOT halted, entries go on", "control")


@pytest.mark.parametrize("odd", IN_THE_WAY)
def test_as_the_target_of_init(root, nof0, odd):
    IN_THE_WAY[odd](root / "new")
    refused(nof0("init", "new"), "new")
    refused(nof0("init", "new/below"), "new")
    (root / "other").mkdir()
    IN_THE_WAY[odd](root / "other" / "prompts")
    refused(nof0("init", "other"), "prompts")
    assert [one.name for one in (root / "other").iterdir()] == ["prompts"]


@pytest.mark.parametrize("odd", IN_THE_WAY)
def test_as_a_tape(root, nof0, odd):
    IN_THE_WAY[odd](root / "tape")
    outcome = nof0("tape", "list", "tape")
    said = outcome.stdout + outcome.stderr
    assert outcome.exit_code in (1, 2)
    assert "tape" in said
    assert "Traceback" not in said
    assert CANARY not in said
    refused(nof0("tape", "merge", "none", "-o", "tape/x"), "none")


@pytest.mark.parametrize("odd", ["pipe", "endless device", "directory", "circle", "other encoding"])
def test_as_a_file_of_candles(root, nof0, odd):
    candles = root / "candles"
    candles.mkdir()
    put(candles / "btc_3m.csv", odd)
    market = root / "etc" / "market.yaml"
    market.write_text(market.read_text().replace("type: sim", "type: sim\n    data: ../candles", 1))
    outcome = nof0("run", "etc/nof0.yaml", "--cycles", "1")
    said = outcome.stdout + outcome.stderr
    assert outcome.exit_code in (1, 2)
    assert "btc_3m.csv" in said
    assert "Traceback" not in said
    assert CANARY not in said


def test_a_second_engine_is_refused_by_whatever_name_the_directory_has(root, nof0):
    from nof0_core.runtime.lock import locked

    (root / "alias").symlink_to("data")
    with locked(root / "data"):
        for name in ("data", "alias"):
            line = nof0("run", "etc/nof0.yaml", "--cycles", "1", "--data-dir", name)
            refused(line, f"another engine is running on {root / name} (process {os.getpid()})")
