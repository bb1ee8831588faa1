"""What stands in the documentation is true: snippets run, quotes are in the files they quote."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import attrs
import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("*.md"),
        *ROOT.glob("nof0-*/README.md"),
        *ROOT.glob("examples/*/README.md"),
    ]
)
BLOCK = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"\[[^\]]+\]\((?!\w+:)([^)#]+)(?:#[^)]*)?\)")


@attrs.frozen
class Snippet:
    """A fenced block; `file` is what it quotes."""

    document: Path
    line: int
    language: str
    text: str
    file: str | None


def snippets():
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            line = text[: found.start("text")].count("\n")
            yield Snippet(document, line, found["language"], found["text"], found["file"])


def params(language=None, *, is_quote=None):
    return [
        pytest.param(s, id=f"{s.document.relative_to(ROOT)}:{s.line}")
        for s in snippets()
        if (language is None or s.language == language)
        and (is_quote is None or (s.file is not None) is is_quote)
    ]


@pytest.mark.parametrize("snippet", params(is_quote=True))
def test_quote_is_in_its_file(snippet):
    assert snippet.text in (ROOT / snippet.file).read_text(encoding="utf-8")


@pytest.mark.parametrize("snippet", params("python", is_quote=False))
def test_python_runs(snippet):
    # The lines before keep line numbers in a traceback those of the document.
    code = compile("\n" * snippet.line + snippet.text, str(snippet.document), "exec")
    exec(code, {"__name__": "snippet"})  # noqa: S102 - it is our own documentation


@pytest.mark.parametrize("snippet", params("yaml"))
def test_yaml_parses_to_a_mapping(snippet):
    assert isinstance(yaml.safe_load(snippet.text), dict)


@pytest.mark.parametrize("snippet", params("toml", is_quote=False))
def test_toml_parses(snippet):
    assert tomllib.loads(snippet.text)


@pytest.mark.parametrize(
    "document", [pytest.param(d, id=str(d.relative_to(ROOT))) for d in DOCUMENTS]
)
def test_links_lead_somewhere(document):
    targets = LINK.findall(document.read_text(encoding="utf-8"))
    missing = [t for t in targets if not (document.parent / t).exists()]
    assert not missing


def test_there_are_snippets_of_each_sort():
    assert len(params(is_quote=True)) >= 5
    assert len(params("python", is_quote=False)) >= 3
    assert len(params("yaml")) >= 3
