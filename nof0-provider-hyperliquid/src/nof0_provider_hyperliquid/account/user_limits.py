"""What the venue allows a user and the key that signs, and how much of it is left."""

from __future__ import annotations

from datetime import datetime

import attrs


@attrs.frozen(kw_only=True)
class UserLimits:
    """The newest figures; None where the venue has not told, or there is no such limit.

    `requests_used` of `requests_cap` actions were sent ever ("Rate limits and user limits": one per
    USD traded beside the first 10,000). `actions_today` counts those since midnight UTC, or since
    the first look of the day, `actions_daily` is how many the account's mode allows a day.
    `signer_until` is when the key that signs is worth nothing any more; `signer_problem` says why
    it is already, empty while it may sign. `time` is when it was asked last.
    """

    time: datetime | None = None
    requests_used: int | None = None
    requests_cap: int | None = None
    actions_today: int | None = None
    actions_daily: int | None = None
    signer_until: datetime | None = None
    signer_problem: str = ""

    @property
    def requests_left(self) -> int | None:
        """Return how many actions there are left, 0 where there are none."""
        if self.requests_used is None or self.requests_cap is None:
            return None
        return max(0, self.requests_cap - self.requests_used)

    @property
    def actions_left(self) -> int | None:
        """Return how many actions are left of the day."""
        if self.actions_daily is None or self.actions_today is None:
            return None
        return max(0, self.actions_daily - self.actions_today)

    @property
    def entries_refusal(self) -> str:
        """Say why no entry may be sent, so that closes, stops and cancels never starve."""
        if self.signer_problem:
            return self.signer_problem
        if (left := self.requests_left) is not None and left < RESERVED:
            return f"{left} actions are left to this address; they are kept for exits and cancels"
        if (left := self.actions_left) is not None and left < RESERVED:
            return f"{left} actions are left of this day; they are kept for exits and cancels"
        return ""


RESERVED = 500
"""Of the actions of an address, or of a day, so many are for exits and cancels alone."""
