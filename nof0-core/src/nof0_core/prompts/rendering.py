"""What a template knows while it is rendered."""

from __future__ import annotations

from typing import Any

from jinja2.runtime import Context

from nof0_core.prompts.effort import Effort


class Rendering(Context):
    """The variables of one rendering, and what is left of what it may take."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Begin with everything left."""
        super().__init__(*arguments, **named)
        self.effort = Effort()

    def derived(self, locals: dict[str, Any] | None = None) -> Context:  # noqa: A002 - Jinja's
        """Return what a part of it knows; it draws on the same budget."""
        inner = super().derived(locals)
        assert isinstance(inner, Rendering)  # noqa: S101 - the environment makes no others
        inner.effort = self.effort
        return inner
