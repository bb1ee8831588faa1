"""One engine per data directory."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from nof0_core.errors import UsageError
from nof0_core.runtime.lock import locked


def test_a_second_holder_is_told_who_the_first_is(tmp_path):
    with (
        locked(tmp_path),
        pytest.raises(UsageError, match=f"another engine is running on .*process {os.getpid()}"),
        locked(tmp_path),
    ):
        pass


def test_the_lock_is_free_again_afterwards(tmp_path):
    for _ in range(2):
        with locked(tmp_path / "new"):
            pass


def test_a_dead_process_holds_nothing(tmp_path):
    code = (
        "import os, pathlib, sys\n"
        "from nof0_core.runtime.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    with locked(tmp_path):
        pass


def test_a_system_without_file_locks_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(UsageError, match="no file locks") as caught, locked(tmp_path / "new"):
        pass
    assert "Linux" in caught.value.hints[0]
    assert not (tmp_path / "new").exists()


def test_a_directory_that_cannot_be_made_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written") as caught, locked(tmp_path / "file"):
        pass
    assert "--data-dir" in caught.value.hints[0]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.mkdir()])
def test_a_lock_that_is_no_file_is_said(tmp_path, make):
    make(tmp_path / "engine.lock")
    with (
        pytest.raises(UsageError, match=r"cannot be written: engine\.lock: it is a "),
        locked(tmp_path),
    ):
        pass


def test_a_disk_without_locks_is_not_taken_for_a_second_engine(tmp_path, monkeypatch):
    import fcntl

    def flock(_handle, _operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(UsageError, match="nothing can keep a second engine off"), locked(tmp_path):
        pass


def test_a_link_to_the_directory_is_the_directory(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    with (
        locked(tmp_path / "real"),
        pytest.raises(UsageError, match="another engine"),
        locked(tmp_path / "link"),
    ):
        pass


def test_of_a_holder_that_stands_still_that_is_said(tmp_path):
    code = (
        "import os, pathlib, signal, sys\n"
        "from nof0_core.runtime.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) as holder:
        try:
            os.waitpid(holder.pid, os.WUNTRACED)
            said = f"process {holder.pid} is stopped"
            with pytest.raises(UsageError, match=said) as caught, locked(tmp_path):
                pass
        finally:
            holder.kill()
    assert "kill -CONT" in caught.value.hints[0]
