"""Prompts: templates in, messages out, the same ones for the same context."""

from __future__ import annotations

from nof0_core.prompts.book import PromptBook

__all__ = ["PromptBook"]
