"""Places that a run writes to: told beforehand where something else stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nof0_core.config.assembly import Files, places
from nof0_core.config.model import Place
from nof0_core.config.session import Session
from nof0_core.config.traders import Named
from nof0_core.config.tree import find
from nof0_core.files import no_directory, no_file


def check_targets(session: Session, files: Files, traders: Sequence[Named]) -> None:
    """Note every configured place where no file or directory can be; makes none."""
    trees = files.trees
    if trees.data_dir is None and (files.block is None or files.main is None):
        return  # what was written there is wrong, and told
    state_file, data_path = places(files)
    option = Place(file="--data-dir", line=0, path="")
    state_at, data_at = option, option
    if trees.data_dir is None:
        state_at = find(trees.of("Manager"), "manager", "state_storage_path")
        data_at = find(trees.main, "DataPath")
    note_unusable(session, state_at, state_file.parent, no_directory(state_file.parent))
    if not no_directory(state_file.parent):
        note_unusable(session, state_at, state_file, no_file(state_file))
        note_unusable(session, data_at, data_path, no_directory(data_path))
    for named in traders if trees.data_dir is None else ():
        own = named.entry.journal_dir
        if own is not None:
            note_unusable(session, find(named.node, "journal_dir"), own, no_directory(own))


def note_unusable(session: Session, place: Place, path: Path, fault: str) -> None:
    """Note that a configured place cannot be used, if there is a reason."""
    if fault:
        session.problems.add(place, f"{path} cannot be used: {fault}")
