"""Several tapes as one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import attrs

from nof0_core.errors import UsageError
from nof0_core.files import begun, in_words
from nof0_llm.tape.entry import Entry, encode, encode_about
from nof0_llm.tape.file import TapeFile, reading


@attrs.frozen(kw_only=True)
class Merged:
    """What came of a merge.

    `entries` were written; `repeated` were left out, because there is one for the question already.
    `conflicts` are digests of questions that were answered differently.
    """

    entries: int
    repeated: int
    conflicts: tuple[str, ...]


class _Choice:
    """The tape to take each question from."""

    def __init__(self) -> None:
        self.repeated = 0
        self.conflicts: dict[str, None] = {}
        self.sources: dict[str, TapeFile] = {}
        self.abouts: dict[str, None] = {}
        # Without prompts, which are by far the largest part of a tape.
        self._slim: dict[str, Entry] = {}

    def offer(self, entry: Entry, source: TapeFile) -> None:
        known = self._slim.get(entry.digest)
        if known is not None:
            self.repeated += 1
            if known.completion is not None:
                if entry.completion is not None and known.completion != entry.completion:
                    self.conflicts[entry.digest] = None
                return
            if entry.completion is None:
                return
        self._slim[entry.digest] = attrs.evolve(entry, messages=())
        self.sources[entry.digest] = source


def merge(tapes: Sequence[Path], target: Path) -> Merged:
    """Write all entries of some tapes to a new one.

    Where tapes differ in the answer to a question, the first completion is taken; a failure only
    where none of them has a completion. What the heads of the tapes say stands in the new one's;
    a question that was asked in several cycles is kept once. The target appears whole or not at
    all.

    Raises:
        UsageError: a tape cannot be read, or the target is there already or cannot be written.
        DataError: a file is not a tape.
    """
    choice = _Choice()
    with ExitStack() as stack:
        for path in tapes:
            opened = stack.enter_context(reading(path))
            for entry in opened.entries():
                choice.offer(entry, opened)
            choice.abouts[opened.about] = None
        _write(choice, target)
    return Merged(
        entries=len(choice.sources), repeated=choice.repeated, conflicts=tuple(choice.conflicts)
    )


def _write(choice: _Choice, target: Path) -> None:
    temporary = target.with_name(target.name + ".tmp")
    try:
        with begun(temporary, 0o600) as file:
            os.fchmod(file.fileno(), 0o600)
            about = " | ".join(filter(None, choice.abouts))
            if about:
                file.write(encode_about(about))
            for digest, source in choice.sources.items():
                entry = source.find(digest)
                assert entry is not None  # noqa: S101 - it was read from there
                file.write(encode(entry))
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never takes the place of a file that is there.
        target.hardlink_to(temporary)
    except FileExistsError as error:
        message = f"{target} is there already: nothing was written"
        raise UsageError(message, hints=("name a new file",)) from error
    except OSError as error:
        message = f"the tape {target} cannot be written: {in_words(error)}"
        raise UsageError(message) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
