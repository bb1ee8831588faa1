"""What is raised where somebody looks ahead."""

from __future__ import annotations

from nof0_core.errors import Nof0Error


class LookAheadError(Nof0Error):
    """A decision depends on what was not known yet: nothing of the run means anything."""
