"""What is written of a value depends on its fields alone, not on who has looked at it before."""

from __future__ import annotations

import importlib
import pkgutil

import attrs
import msgspec

from nof0_core import domain, ledger
from nof0_core.testing import samples


def classes():
    for package in (domain, ledger):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for kind in vars(importlib.import_module(module.name)).values():
                if isinstance(kind, type) and attrs.has(kind):
                    yield kind


def test_nothing_public_is_kept_in_a_value_beside_its_fields():
    """msgspec takes every slot without an underscore for a field, once something is in it."""
    found = {
        f"{kind.__name__}.{name}"
        for kind in classes()
        for each in kind.__mro__
        for name in getattr(each, "__slots__", ())
        if not name.startswith("_") and name not in {field.name for field in attrs.fields(kind)}
    }
    assert found == set()


def test_an_instrument_that_was_used_is_written_as_before():
    instrument = samples.instrument()
    before = msgspec.json.encode(instrument)
    hash(instrument)
    assert instrument.maintenance_schedule
    assert msgspec.json.encode(instrument) == before
