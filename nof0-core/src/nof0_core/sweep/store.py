"""The folder of a sweep: what its results belong to, one file for each job, what was checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nof0_core.disk import replace_durably
from nof0_core.errors import Nof0Error
from nof0_core.files import in_words
from nof0_core.sweep.job import Job
from nof0_core.sweep.shapes import DONE, FORMAT, ManifestShape, RecordShape, VerdictShape

_JOBS, _MANIFEST, _TREATMENTS = "jobs", "sweep.json", "treatments.json"

_WHAT_TO_DO = {
    _MANIFEST: "--fresh puts all results aside: nothing tells what they belong to",
    _TREATMENTS: "remove it, and what it tells is checked again",
}
"""Where a file of a sweep cannot be read; else it is that of a job."""

Record = dict[str, Any]


class StoreError(Nof0Error):
    """Results cannot be written or read; what had been written is kept."""


class Store:
    """Results by job. A job has one record, the newest; it is there as a whole or not at all.

    Raises:
        StoreError: what there is cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records: dict[str, Record] = {}
        for path in sorted((folder / _JOBS).glob("*/*.json")):
            record = _read(path, RecordShape)
            self._records[record["key"]] = record
        self.treatments: dict[str, Record] = _read(
            folder / _TREATMENTS, dict[str, VerdictShape], {}
        )

    @property
    def manifest(self) -> Record | None:
        """What the results belong to; None where there are none yet."""
        found: Record | None = _read(self.folder / _MANIFEST, ManifestShape, None)
        return found

    def keep_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write down what the results belong to.

        Raises:
            StoreError: it cannot be written.
        """
        self._write(self.folder / _MANIFEST, {"format": FORMAT, **manifest})

    def keep_treatment(self, treatment: str, verdict: Record) -> None:
        """Write down what came of the look-ahead check of a treatment.

        Raises:
            StoreError: it cannot be written.
        """
        self.treatments[treatment] = verdict
        self._write(self.folder / _TREATMENTS, self.treatments)

    def keep(self, job: Job, record: Record) -> None:
        """Write down what came of a job.

        Raises:
            StoreError: it cannot be written.
        """
        whole = {
            **job.order(),
            "labels": dict(job.labels),
            "format": FORMAT,
            **record,
        }
        path = self.folder / _JOBS / job.key[:2] / f"{job.key}.json"
        self._write(path, whole)
        self._records[job.key] = whole

    def of(self, job: Job) -> Record | None:
        """Return what came of a job, None if nothing did yet."""
        return self._records.get(job.key)

    def is_done(self, job: Job) -> bool:
        """Tell whether a job need not be done any more."""
        record = self.of(job)
        return record is not None and record["status"] == DONE

    def __iter__(self) -> Iterator[Record]:
        """Yield all records, those of jobs that are not asked for any more included."""
        return iter(self._records.values())

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self._records)

    @property
    def trials(self) -> int:
        """Return how many variants were ever tried here, whether they are still asked for or not.

        Significance counts them: the best of many is good by luck.
        """
        return len({json.dumps(one["labels"], sort_keys=True) for one in self._records.values()})

    def _write(self, path: Path, value: Mapping[str, Any]) -> None:
        text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_durably(path, text.encode())
        except OSError as error:
            raise unwritten(path, error) from error


def unwritten(path: Path, error: OSError) -> StoreError:
    """Return the error that something of a sweep could not be written."""
    message = f"{path}: cannot be written: {in_words(error)}"
    hint = "results that were written are kept: make room and run the same command for the rest"
    return StoreError(message, hints=(hint,))


def _read(path: Path, shape: Any, *default: Any) -> Any:
    """Return what a file holds; where there is none, the default if there is one."""
    try:
        found = json.loads(path.read_bytes())
        msgspec.convert(found, shape)
    except FileNotFoundError:
        if default:
            return default[0]
        raise
    except (OSError, ValueError) as error:
        message = f"{path}: cannot be read: {error}"
        hint = _WHAT_TO_DO.get(path.name, "remove it, and its job is done again")
        raise StoreError(message, hints=("it is damaged or of another version", hint)) from error
    return found
