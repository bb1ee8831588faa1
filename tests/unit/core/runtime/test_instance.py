"""A data directory keeps its name among engines; a copy of it has another."""

from __future__ import annotations

import shutil

import pytest

from nof0_core.errors import UsageError
from nof0_core.runtime import instance
from nof0_core.runtime.account_lock import locked_accounts
from nof0_core.runtime.instance import instance_of


def test_each_start_on_a_directory_has_the_same_name(tmp_path):
    first = instance_of(tmp_path)
    assert len(first) == 16
    assert instance_of(tmp_path) == first


def test_a_copy_is_another_one_and_leaves_the_first_as_it_is(tmp_path):
    (tmp_path / "one").mkdir()
    first = instance_of(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert instance_of(tmp_path / "two") != first
    assert instance_of(tmp_path / "one") == first


def test_after_the_machine_began_anew_it_is_another_one(tmp_path, monkeypatch):
    first = instance_of(tmp_path)
    (tmp_path / "boot").write_text("another\n")
    monkeypatch.setattr(instance, "_BOOT", tmp_path / "boot")
    assert instance_of(tmp_path) != first


@pytest.mark.parametrize("text", ["", "{", "[]", '{"instance": 7, "of": "x"}', "\x00"])
def test_a_damaged_file_is_made_anew(tmp_path, text):
    (tmp_path / "instance.json").write_text(text)
    made = instance_of(tmp_path)
    assert len(made) == 16
    assert instance_of(tmp_path) == made


def test_a_venue_account_is_one_engines_on_a_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with locked_accounts({"venue": "hyperliquid api 0xabc"}):
        with (
            pytest.raises(UsageError, match="another engine on this machine trades the account"),
            locked_accounts({"other": "hyperliquid api 0xabc"}),
        ):
            pass
        with locked_accounts({"other": "hyperliquid api 0xdef"}):
            pass
    with locked_accounts({"other": "hyperliquid api 0xabc"}):
        pass


def test_where_no_lock_can_be_put_nothing_runs(tmp_path, monkeypatch):
    (tmp_path / "nof0").write_text("a file")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with (
        pytest.raises(UsageError, match="no lock can be put on the account of venue"),
        locked_accounts({"venue": "hyperliquid api 0xabc"}),
    ):
        pass
