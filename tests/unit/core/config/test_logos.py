"""Pictures of traders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nof0_core.errors import ConfigError
from nof0_core.project import load_serving

ROOT = Path(__file__).parents[4]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
def etc(tmp_path):
    shutil.copytree(ROOT / "etc", tmp_path / "shipped")
    manager = tmp_path / "shipped" / "manager.yaml"
    text = manager.read_text()
    manager.write_text(text.replace("- id: holder\n", "- id: holder\n    logo: pic\n", 1))
    return tmp_path / "shipped"


@pytest.mark.parametrize(("data", "kind"), [(PNG, "png"), (SVG, "svg"), (b"<svg></svg>", "svg")])
def test_the_server_is_given_what_lies_beside_the_configuration(etc, data, kind):
    (etc / "pic").write_bytes(data)
    logos = load_serving(etc / "nof0.yaml", environ={}).logos
    assert {trader: (one.kind, one.data) for trader, one in logos.items()} == {
        "holder": (kind, data)
    }


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (PNG + bytes(64 * 1024), "it has more than 64 kB"),
        (b"GIF89a", "neither PNG nor SVG"),
        (b"<!doctype html><p>", "neither PNG nor SVG"),
        (b"", "neither PNG nor SVG"),
        (None, "No such file"),
    ],
)
def test_another_file_is_refused_with_its_place(etc, bench, data, why):
    for config, load in (
        (etc, lambda: load_serving(etc / "nof0.yaml", environ={})),
        (bench.directory / "etc", bench.load),
    ):
        if data is not None:
            (config / "pic").write_bytes(data)
        if config is not etc:
            bench.replace("etc/manager.yaml", "id: one", "id: one\n    logo: pic")
        with pytest.raises(ConfigError, match=why) as caught:
            load()
        [problem] = caught.value.problems
        assert problem.path.endswith(".logo")


def test_a_fault_elsewhere_in_the_entry_does_not_keep_the_server_from_starting(etc):
    (etc / "pic").write_bytes(PNG)
    manager = etc / "manager.yaml"
    manager.write_text(manager.read_text().replace("logo: pic", "logo: pic\n    nonsense: 1"))
    assert set(load_serving(etc / "nof0.yaml", environ={}).logos) == {"holder"}
