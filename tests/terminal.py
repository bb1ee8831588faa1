"""A terminal of a given size: what a command draws on it, frame by frame."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

_CLEARED = re.compile(r"(?:\r?\x1b\[2K(?:\x1b\[1A)?)+")
_CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07|\r")


def run_on(
    columns: int,
    lines: int,
    words: list[str],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    typed: Sequence[tuple[str, str]] = (),
) -> tuple[int, str]:
    """Run `nof0` on a terminal of that size; return its exit code and all that it has drawn.

    `typed` is what a person answers as soon as a text is there: text and answer, in turn.
    """
    inner, outer = pty.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    hidden = ("COLUMNS", "LINES", "NO_COLOR", "NOF0_CONFIG", "PYTEST_CURRENT_TEST")
    variables = {k: v for k, v in os.environ.items() if k not in hidden}
    variables |= {"TERM": "xterm-256color", **(environment or {})}
    command = [sys.executable, "-m", "nof0_core", *words]
    with subprocess.Popen(
        command, stdin=outer, stdout=outer, stderr=outer, cwd=cwd, env=variables
    ) as running:
        os.close(outer)
        drawn, seen, waiting = b"", 0, list(typed)
        while chunk := _read(inner):
            drawn += chunk
            if waiting and (at := drawn.find(waiting[0][0].encode(), seen)) >= 0:
                prompt, answer = waiting.pop(0)
                seen = at + len(prompt)
                os.write(inner, f"{answer}\n".encode())
    os.close(inner)
    return running.returncode, drawn.decode(errors="replace")


def frames(drawn: str) -> list[str]:
    """Take what was drawn apart where it was cleared, without colours; the last one stays."""
    return [found for part in _CLEARED.split(drawn) if (found := _CODES.sub("", part)).strip()]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the program has ended, and with it its side
        return b""
