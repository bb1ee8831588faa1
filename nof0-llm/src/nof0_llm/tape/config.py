"""Settings of a section of type `tape`."""

from __future__ import annotations

from pathlib import Path

import attrs

from nof0_core.config.fields import opt
from nof0_core.plugins.env import BackendRef

RECORD = "record"
REPLAY = "replay"
PROMPT = "prompt"
CYCLE = "cycle"


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
    match: str = opt(
        default=PROMPT,
        one_of=(PROMPT, CYCLE),
        help="prompt: an answer is to exactly this prompt; cycle: it is the model's in the "
        "trader's cycle of this number, whatever it was asked then",
    )
    about: str = opt(
        default="",
        shaping=False,
        help="head of a new tape: which model answers, when, and how it is asked",
    )


def asks(config: TapeConfig) -> bool:
    """Return whether the backend behind the tape is going to be asked."""
    return config.mode == RECORD


def caveat(config: TapeConfig) -> str | None:
    """Return what must be said beside results, None for nothing."""
    if config.match != CYCLE or config.mode == RECORD:
        return None
    return f"answers by cycle from the tape {config.file.name}, not from these prompts"
