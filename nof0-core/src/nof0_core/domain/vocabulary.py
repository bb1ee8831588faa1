"""The closed vocabularies of the journal: each word is written as it stands here."""

from __future__ import annotations

from enum import StrEnum


class CycleStatus(StrEnum):
    """How a decision cycle ended; anything but `ok` orders nothing.

    `interrupted`: the engine was stopped meanwhile. `replay_miss`: a recording holds no answer.
    `provider_error`: a market or exchange could not do what it was asked. `internal_error`: a
    defect, of nof0 or of a plugin.
    """

    OK = "ok"
    NO_DATA = "no_data"
    STALE_DATA = "stale_data"
    UNREADABLE_EQUITY = "unreadable_equity"
    MODEL_TIMEOUT = "model_timeout"
    MODEL_ERROR = "model_error"
    INVALID_OUTPUT = "invalid_output"
    BUDGET_EXCEEDED = "budget_exceeded"
    INTERRUPTED = "interrupted"
    REPLAY_MISS = "replay_miss"
    PROVIDER_ERROR = "provider_error"
    INTERNAL_ERROR = "internal_error"


class CallOutcome(StrEnum):
    """What came of one call to a model.

    `unusable`: it answered, but not in the form of a decision. `refused`: the endpoint said no or
    could not be reached. `unknown`: sent, and no answer came: it may have cost money. `budget`: not
    sent, too little was left.
    """

    ANSWERED = "answered"
    UNUSABLE = "unusable"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    BUDGET = "budget"


class TransferReason(StrEnum):
    """Why capital moved; `outside`: somebody else moved it on the exchange account."""

    INITIAL = "initial"
    REBALANCE = "rebalance"
    OUTSIDE = "outside"


class DriftKind(StrEnum):
    """On what ledger and venue account differ."""

    POSITION = "position"
    CASH = "cash"


class ExitReason(StrEnum):
    """What closed a trade; `manual`: no order of nof0's."""

    CLOSE = "close"
    STOP = "stop"
    TARGET = "target"
    UNPROTECTED = "unprotected"
    LIQUIDATION = "liquidation"
    FLATTEN = "flatten"
    MANUAL = "manual"


class ControlCommand(StrEnum):
    """What a person may ask a running engine.

    For one trader; `settle` for a coin of an account, `reload` for all.
    """

    PAUSE = "pause"
    RESUME = "resume"
    CLOSE = "close"
    SETTLE = "settle"
    RELOAD = "reload"


class ControlOutcome(StrEnum):
    """What became of such a request."""

    DONE = "done"
    REFUSED = "refused"


class ClockKind(StrEnum):
    """What clock a run is on."""

    SYSTEM = "system"
    SCALED = "scaled"
    SIMULATED = "simulated"
