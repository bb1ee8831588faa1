from __future__ import annotations

from contextlib import closing

import pytest

from nof0_core import testing
from nof0_core.errors import ProviderError
from nof0_core.ids import Symbol
from nof0_provider_example.account_file import AccountFile, Change
from nof0_provider_example.plugin import EXCHANGE, ExampleConfig

BTC_3 = Change(leverage=(Symbol("BTC"), 3))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "account" / "account.jsonl"


def opened(path):
    return closing(AccountFile(path))


def test_a_torn_last_line_is_as_if_it_had_never_been_begun(path):
    with opened(path) as file:
        file.append(BTC_3)
    with path.open("ab") as torn:
        torn.write(b'{"leverage":["BTC"')
    with opened(path) as file:
        assert list(file.read()) == [BTC_3]
        file.append(BTC_3)
    with opened(path) as file:
        assert list(file.read()) == [BTC_3, BTC_3]


@pytest.mark.anyio
async def test_a_line_that_is_no_change_is_named(tmp_path):
    (tmp_path / "account.jsonl").write_text('{"leverage":["BTC",3]}\n{"leverage":3}\n')
    async with testing.env(data_dir=tmp_path) as env:
        with pytest.raises(ProviderError, match=r"account.jsonl:2: .*leverage"):
            async with EXCHANGE.open(ExampleConfig(), env):
                pass


@pytest.fixture
def anyio_backend():
    return "asyncio"
