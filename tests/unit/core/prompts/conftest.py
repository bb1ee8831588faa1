"""Templates written for one test."""

from __future__ import annotations

import pytest

from nof0_core.prompts import PromptBook


@pytest.fixture
def book_of(tmp_path):
    """Return a function that makes a book from the texts of a system and a user template."""

    def make(user, system="{# Version: 1 #}\nYou trade.\n", schema_version="1", **settings):
        for name, text in (("system.tmpl", system), ("user.tmpl", user)):
            if text is not None:
                (tmp_path / name).write_text(text, encoding="utf-8")
        paths = tmp_path / "system.tmpl", tmp_path / "user.tmpl"
        return PromptBook(*paths, schema_version, **settings)

    return make


@pytest.fixture
def text_of(book_of):
    """Return a function that renders the body of a user template for the sample context."""

    def render(body, context=None):
        book = book_of("{# Version: 1 #}\n" + body)
        prompt = book.render(context or book.sample_context(), trader_name="Calm")
        return prompt.messages[1].content

    return render
