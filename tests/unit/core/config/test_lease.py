"""A lease needs a server that all engines reach."""

from __future__ import annotations

import pytest

from nof0_core.errors import ConfigError


def written(bench, source):
    block = f'Postgres: {{DataSource: "{source}", Lease: true}}\n'
    bench.replace("etc/nof0.yaml", "Name: demo", f"{block}Name: demo")


@pytest.mark.parametrize("source", ["", "sqlite:///nof0.db"])
def test_a_lease_without_a_server_is_refused_with_its_line(bench, source):
    written(bench, source)
    with pytest.raises(ConfigError, match=r"nof0.yaml:\d+: Postgres.Lease: needs a PostgreSQL"):
        bench.load()


def test_with_one_it_is_in_force_and_without_the_key_it_is_not(bench):
    plain = bench.load()
    assert not plain.is_leased
    written(bench, "postgresql://nof0@127.0.0.1/nof0")
    leased = bench.load()
    assert leased.is_leased
    # A run comes out the same whoever else there is.
    assert leased.digest == plain.digest
