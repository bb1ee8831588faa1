"""CONTRIBUTING.md names the layers that are checked, and files that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "nof0-core" / "src" / "nof0_core"
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(word):
    return [
        text.splitlines()
        for text in re.findall(rf"^```{word}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    ]


def layers():
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (found,) = [c["layers"] for c in linter["contracts"] if c["id"] == "layers"]
    return found


def test_layers_are_those_that_are_checked():
    assert blocks("layers") == [layers()]


def test_every_package_of_a_layer_is_there_and_none_is_without_layer():
    names = {name.strip() for line in layers() for name in line.split("|")}
    there = {
        path.stem
        for path in CORE.iterdir()
        if not path.stem.startswith("_")
        and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert {name for name in names if not name.startswith("(")} == there


def test_every_package_of_a_layer_is_described_in_their_order():
    table = PAGE.split("| package | what it holds |")[1].split("\n\n")[0]
    firsts = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    described = [word for first in firsts for word in re.findall(r"`(\w+)`", first)]
    checked = [name for line in layers() for name in re.findall(r"[\w()]+", line)]
    assert described == [name for name in checked if not name.startswith("(")]


@pytest.mark.parametrize("walk", blocks("walk"), ids=["run", "decision", "fill"])
def test_a_walk_has_at_most_ten_lines_and_names_files_that_exist(walk):
    assert len(walk) <= 10
    files = re.findall(r"[\w./-]+\.py\b", "\n".join(walk))
    assert len(files) >= len(walk)
    places = [ROOT / name if name.startswith("nof0-") else CORE / name for name in files]
    assert [str(place) for place in places if not place.is_file()] == []


def test_files_to_touch_for_a_key_exist():
    part = PAGE.split("## To add a configuration key")[1].split("\n## ")[0]
    named = re.findall(r"`(?:python )?([\w./-]+/[\w./-]*)`", part)
    missing = [n for n in named if not ((ROOT / n).exists() or (CORE / n).exists())]
    assert len(named) >= 8
    assert not missing
