"""The file of what was sent: under which nonce, written down before it leaves.

A line is one change. What is to be sent is on disk before it is; what was answered goes to the
operating system alone, as the venue can be asked again. A torn last line is of an order that never
left. A file that cannot be read is moved away: what it held is then proven by the time that has
passed (`born`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from anyio import to_thread

from nof0_core.clock import Clock
from nof0_core.domain.candles import to_ms
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.errors import ProviderError, TransientError
from nof0_core.files import in_words, open_regular, opened
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.orders.sent import Sent, outcome_of, outcome_row

FILE_NAME = "sent_orders.jsonl"
KEPT_MS = 7 * 86_400_000
"""How long an order is remembered; a nonce is worth nothing after two days."""
_BROKEN = (ValueError, KeyError, TypeError, ArithmeticError, AttributeError, RecursionError)


class SentOrders:
    """What was sent from this section, by client id. Open it with `open_register`.

    `born` is since when the file has all there is, in milliseconds of our clock.
    """

    def __init__(self, path: Path, *, born: int, orders: Sequence[Sent]) -> None:
        self.born = born
        self._path = path
        self._orders = {order.client_id: order for order in orders}
        self._file = open_regular(path, os.O_WRONLY | os.O_APPEND)

    def get(self, client_id: ClientOrderId) -> Sent | None:
        """Return an order that was sent, or may have been."""
        return self._orders.get(client_id)

    def last_nonce(self, signer: str) -> int:
        """Return the highest nonce a signer used here, 0 if there is none."""
        return max((o.nonce for o in self._orders.values() if o.signer == signer), default=0)

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
        self._orders.update((each.client_id, each) for each in _sent(row))

    def unsent(self, nonce: int) -> None:
        """Take note that nothing left under a nonce."""
        for order in self.under(nonce):
            del self._orders[order.client_id]
        self._add({"unsent": nonce})

    def answered(self, outcome: OrderOutcome) -> None:
        """Take note of the first plain answer to an order."""
        order = self._orders.get(outcome.client_id)
        if order is not None and order.outcome is None:
            order.outcome = outcome
            self._add({"outcome": outcome_row(outcome)})

    def closed(self, nonce: int, by: int) -> None:
        """Take note that a nonce is used up, by a time of the venue in milliseconds."""
        for order in self.under(nonce):
            order.closed = by
        self._add({"closed": nonce, "by": by})

    def under(self, nonce: int) -> list[Sent]:
        """Return the orders of an action."""
        return [order for order in self._orders.values() if order.nonce == nonce]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _secure(self, row: dict[str, Any]) -> None:
        os.write(self._file, _line(row))
        os.fsync(self._file)

    def _add(self, row: dict[str, Any]) -> None:
        # Lost with the disk, it is asked for once more.
        with suppress(OSError):
            os.write(self._file, _line(row))


def open_register(env: Env) -> SentOrders:
    """Open the register in the section's data directory, or begin one.

    Raises:
        ProviderError: the directory or file cannot be used.
    """
    path = env.data_dir / FILE_NAME
    try:
        env.data_dir.mkdir(parents=True, exist_ok=True)
        born, orders = _restored(path, env)
        _rewrite(path, born, orders)
        return SentOrders(path, born=born, orders=orders)
    except OSError as error:
        message = f"{path}: cannot be used: {in_words(error)}"
        raise ProviderError(message, hints=("check the data directory",)) from error


def _restored(path: Path, env: Env) -> tuple[int, list[Sent]]:
    now = to_ms(env.clock.now())
    try:
        with opened(path) as file:
            lines = file.read().split(b"\n")[:-1]  # a torn line has no end
    except FileNotFoundError:
        return now, []
    try:
        return _read(lines, now)
    except _BROKEN as error:
        aside = path.with_name(f"{path.name}.damaged-{now}")
        path.rename(aside)
        env.alert(
            "sent_orders_damaged",
            f"{path} cannot be read ({type(error).__name__}) and is {aside.name} now; orders of the"
            " last seconds before this start are proven by their expiry",
        )
        return now, []


def _read(lines: Sequence[bytes], now: int) -> tuple[int, list[Sent]]:
    if not lines:
        return now, []
    born = json.loads(lines[0])["born"]
    if type(born) is not int:
        raise TypeError
    orders: dict[str, Sent] = {}
    for line in lines[1:]:
        row = json.loads(line)
        if "orders" in row:
            orders.update((each.client_id, each) for each in _sent(row))
        elif "unsent" in row:
            for key in [k for k, order in orders.items() if order.nonce == row["unsent"]]:
                del orders[key]
        elif "closed" in row:
            for order in orders.values():
                if order.nonce == row["closed"]:
                    order.closed = int(row["by"])
        else:
            outcome = outcome_of(row["outcome"])
            if outcome.client_id in orders:
                orders[outcome.client_id].outcome = outcome
    return born, [order for order in orders.values() if now - order.nonce < KEPT_MS]


def _sent(row: dict[str, Any]) -> Iterator[Sent]:
    for client_id, symbol in row["orders"]:
        yield Sent(
            client_id=ClientOrderId(client_id),
            symbol=Symbol(symbol),
            nonce=int(row["nonce"]),
            expires=int(row["expires"]),
            signer=str(row["signer"]),
        )


def _rewrite(path: Path, born: int, orders: Sequence[Sent]) -> None:
    """Put a file with just these orders in the place of the old one, on disk."""
    draft = path.with_name(f".{path.name}.part")
    content = [{"born": born}, *(row for order in orders for row in _rows(order))]
    with open(open_regular(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(b"".join(map(_line, content)))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _rows(order: Sent) -> Iterator[dict[str, Any]]:
    yield {
        "nonce": order.nonce,
        "expires": order.expires,
        "signer": order.signer,
        "orders": [[order.client_id, order.symbol]],
    }
    if order.closed is not None:
        yield {"closed": order.nonce, "by": order.closed}
    if order.outcome is not None:
        yield {"outcome": outcome_row(order.outcome)}


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"
