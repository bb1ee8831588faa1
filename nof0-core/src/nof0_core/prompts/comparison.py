"""Two prompts for the same context, side by side."""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path

import attrs

from nof0_core.domain.context import DecisionContext
from nof0_core.prompts.book import PromptBook


@attrs.frozen(kw_only=True)
class Variant:
    """One side: a template by itself, or the pair of a trader."""

    name: str
    book: PromptBook
    is_pair: bool = False

    @classmethod
    def of_file(cls, path: Path, like: PromptBook | None = None) -> Variant:
        """Make one of a template file, with the settings of another book if there is one."""
        book = PromptBook(path, path) if like is None else like.with_template(path)
        return cls(name=str(path), book=book)

    def text(self, context: DecisionContext) -> str:
        """Render it.

        Raises:
            PromptError: with file and line.
        """
        prompt = self.book.render(context, trader_name="Sample")
        messages = prompt.messages if self.is_pair else prompt.messages[:1]
        return "\n".join(message.content for message in messages)


@attrs.frozen(kw_only=True)
class Comparison:
    """A unified diff without line ends, empty for equal texts, and the SHA-256 of both texts."""

    lines: tuple[str, ...]
    digests: tuple[str, str]


def compared(one: Variant, other: Variant, context: DecisionContext) -> Comparison:
    """Render both and compare them line by line.

    Raises:
        PromptError: one of them cannot be rendered.
    """
    texts = one.text(context), other.text(context)
    left, right = (text.splitlines() for text in texts)
    lines = difflib.unified_diff(left, right, one.name, other.name, lineterm="")
    first, second = (hashlib.sha256(text.encode()).hexdigest() for text in texts)
    return Comparison(lines=tuple(lines), digests=(first, second))
