"""The file of what was sent: under which nonce, written down before it leaves.

A line is one change. What is to be sent is on disk before it is; what was answered goes to the
operating system alone, as the venue can be asked again. A torn last line is of an order that never
left. A file that cannot be read is moved away: what it held is then proven by the time that has
passed (`born`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from anyio import to_thread

from nof0_core.domain.candles import to_ms
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.errors import ProviderError, TransientError
from nof0_core.files import in_words, open_regular, opened
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.orders.sent import Sendings, Sent, outcome_row, rows_of

FILE_NAME = "sent_orders.jsonl"
KEPT_MS = 7 * 86_400_000
"""How long an order is remembered; a nonce is worth nothing after two days."""
_BROKEN = (ValueError, KeyError, TypeError, ArithmeticError, AttributeError, RecursionError)


class SentOrders:
    """What was sent from this section, by client id. Open it with `open_register`.

    `born` is since when the file has all there is, in milliseconds of our clock.
    """

    def __init__(self, path: Path, *, born: int, sendings: Sendings) -> None:
        self.born = born
        self._path = path
        self._sendings = sendings
        self._file = open_regular(path, os.O_WRONLY | os.O_APPEND)
        self._lock = Lock()

    def get(self, client_id: ClientOrderId) -> Sent | None:
        """Return an order that was sent, or may have been."""
        return self._sendings.orders.get(client_id)

    def last_nonce(self, signer: str) -> int:
        """Return the highest nonce a signer used here, 0 if there is none."""
        nonces = (o.nonce for o in self._sendings.orders.values() if o.signer == signer)
        return max(nonces, default=0)

    async def note(
        self,
        orders: Sequence[tuple[ClientOrderId, Symbol]],
        *,
        nonce: int,
        expires: int,
        signer: str,
    ) -> None:
        """Write down what is about to be sent; returns when the disk has it.

        Raises:
            TransientError: it could not be written: do not send.
        """
        row = {"nonce": nonce, "expires": expires, "signer": signer, "orders": orders}
        try:
            await to_thread.run_sync(self._secure, row)
        except OSError as error:
            message = f"{self._path}: cannot be written: {in_words(error)}"
            raise TransientError(message) from error
        self._sendings.apply(row)

    def unsent(self, nonce: int) -> None:
        """Take note that nothing left under a nonce."""
        self._add({"unsent": nonce})

    def answered(self, outcome: OrderOutcome) -> None:
        """Take note of the first plain answer to an order."""
        order = self.get(outcome.client_id)
        if order is not None and order.outcome is None:
            self._add({"outcome": outcome_row(outcome)})

    def bar(self, dead: OrderOutcome) -> None:
        """Take note that an order never landed, so that nobody sends it after all."""
        if self.get(dead.client_id) is None:
            orders = [(dead.client_id, "")]
            self._add({"nonce": 0, "expires": 0, "signer": "", "orders": orders})
        self.answered(dead)

    def closed(self, nonce: int, by: int) -> None:
        """Take note that a nonce is used up, by a time of the venue in milliseconds."""
        self._add({"closed": nonce, "by": by})

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _secure(self, row: dict[str, Any]) -> None:
        self._write(row)
        os.fsync(self._file)

    def _add(self, row: dict[str, Any]) -> None:
        self._sendings.apply(row)
        # Where the disk does not take it, it is asked for once more.
        with suppress(OSError):
            self._write(row)

    def _write(self, row: dict[str, Any]) -> None:
        """Put a line behind the others, whole or not at all: a disk may fill in the middle."""
        left = _line(row)
        with self._lock:
            end = os.fstat(self._file).st_size
            try:
                while left:
                    left = left[os.write(self._file, left) :]
            except OSError:
                os.ftruncate(self._file, end)
                raise


def open_register(env: Env) -> SentOrders:
    """Open the register in the section's data directory, or begin one.

    Raises:
        ProviderError: the directory or file cannot be used.
    """
    path = env.data_dir / FILE_NAME
    try:
        env.data_dir.mkdir(parents=True, exist_ok=True)
        born, sendings = _restored(path, env)
        _rewrite(path, born, sendings)
        return SentOrders(path, born=born, sendings=sendings)
    except OSError as error:
        message = f"{path}: cannot be used: {in_words(error)}"
        raise ProviderError(message, hints=("check the data directory",)) from error


def _restored(path: Path, env: Env) -> tuple[int, Sendings]:
    """Return since when a file has all there is, and that, without what is too old to matter."""
    now, sendings = to_ms(env.clock.now()), Sendings()
    try:
        with opened(path) as file:
            first, *lines = file.read().split(b"\n")[:-1] or [b""]  # a torn line has no end
    except FileNotFoundError:
        return now, sendings
    try:
        born = int(json.loads(first)["born"])
        for line in lines:
            sendings.apply(json.loads(line))
    except _BROKEN as error:
        aside = path.with_name(f"{path.name}.damaged-{now}")
        path.rename(aside)
        env.alert(
            "sent_orders_damaged",
            f"{path} cannot be read ({type(error).__name__}) and is {aside.name} now; orders of the"
            " last seconds before this start are proven by their expiry",
        )
        return now, Sendings()
    fresh = Sendings()
    for order in sendings.orders.values():
        if now - order.nonce < KEPT_MS:
            for row in rows_of(order):
                fresh.apply(row)
    return born, fresh


def _rewrite(path: Path, born: int, sendings: Sendings) -> None:
    """Put a file with just these orders in the place of the old one, on disk."""
    draft = path.with_name(f".{path.name}.part")
    content = [_line(row) for order in sendings.orders.values() for row in rows_of(order)]
    descriptor = open_regular(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join([_line({"born": born}), *content]))
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"
