from __future__ import annotations

import pytest
from hyperliquid_account import Standing

from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def clock():
    return Standing()


@pytest.fixture
def rules():
    return Rules()
