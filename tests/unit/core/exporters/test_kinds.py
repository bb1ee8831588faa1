from __future__ import annotations

import attrs
import pytest

from nof0_core.exporters.kinds import EXPORTERS


def test_core_brings_five_exporters():
    assert [kind.type for kind in EXPORTERS] == ["json", "prometheus", "redis", "sql", "webhook"]


@pytest.mark.parametrize("kind", EXPORTERS, ids=lambda kind: kind.type)
def test_configs_are_frozen_and_say_what_each_key_means(kind):
    assert kind.config.__attrs_props__.is_frozen
    for field in attrs.fields(kind.config):
        assert field.kw_only
        assert field.metadata["nof0"].help
