"""One engine per venue account on a machine, whatever data directories there are."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nof0_core.errors import UsageError
from nof0_core.files import in_words, open_regular

_HINT = "stop it first: two engines on one account cannot tell their orders from foreign ones"


def lock_folder() -> Path:
    """Return the folder of this user's locks: gone with the machine's next start, if possible."""
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given and Path(given).is_dir():
        return Path(given) / "nof0"
    return Path(tempfile.gettempdir()) / f"nof0-{os.getuid()}"


@contextmanager
def locked_accounts(accounts: Mapping[str, str]) -> Iterator[None]:
    """Hold the accounts of exchange sections for this process; it goes with it, however it ends.

    Args:
        accounts: by section what tells the account from all others.

    Raises:
        UsageError: another engine of this user trades one of them, or no lock can be had.
    """
    with ExitStack() as stack:
        for section, identity in sorted(accounts.items()):
            stack.callback(os.close, _locked(section, identity))
        yield


def _locked(section: str, identity: str) -> int:
    name = hashlib.sha256(identity.encode()).hexdigest()[:32]
    path = lock_folder() / f"account-{name}.lock"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = open_regular(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"no lock can be put on the account of {section}: {path}: {in_words(error)}"
        hint = "let XDG_RUNTIME_DIR or TMPDIR name a folder that can be written"
        raise UsageError(message, hints=(hint,)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(handle, 64).decode(errors="replace").strip()
        os.close(handle)
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            message = f"no lock can be put on the account of {section}: {in_words(error)}"
            raise UsageError(message) from error
        by = f" (process {holder})" if holder else ""
        message = f"another engine on this machine trades the account of {section}{by}: {identity}"
        raise UsageError(message, hints=(_HINT,)) from error
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    return handle
