"""Workers of a sweep without processes: its jobs are done where they are asked."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from nof0_core.sweep.child import Answer
from nof0_core.sweep.worker import answer_to


@attrs.frozen
class InProcess:
    """Workers that do each job where they are asked, one after the other."""

    count: int = 1
    asked: list = attrs.field(factory=list)
    settings: dict = attrs.field(factory=dict)

    def run(self, work, *, limit) -> Iterator:
        for job, order in work:
            if order["do"] == "job":
                self.asked.append(job.key)
            yield job, Answer(**answer_to(self.settings, order))

    def close(self):
        pass
