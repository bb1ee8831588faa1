"""Settings of a section of type `tape`."""

from __future__ import annotations

from pathlib import Path

import attrs

from nof0_core.config.fields import opt
from nof0_core.plugins.env import BackendRef

RECORD = "record"
REPLAY = "replay"


@attrs.frozen(kw_only=True)
class TapeConfig:
    """A tape in front of another backend.

    Neither the file nor the mode is part of the configuration's digest: a recorded run and its
    replay come out the same.
    """

    backend: BackendRef = opt(help="who answers while recording; its models are written as ever")
    file: Path = opt(help="the tape, JSON lines", shaping=False)
    mode: str = opt(
        default=REPLAY,
        one_of=(RECORD, REPLAY),
        shaping=False,
        help="record: ask what is not on the tape and write it down; replay: never ask",
    )


def asks(config: TapeConfig) -> bool:
    """Return whether the backend behind the tape is going to be asked."""
    return config.mode == RECORD
