"""Schemas in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import attrs

from nof0_core import MarketRef, ServiceKind, opt
from nof0_core.config import schema_of


@attrs.frozen(kw_only=True)
class Tier:
    bound: Decimal = opt(unit="USD")


@attrs.frozen(kw_only=True)
class Config:
    market: MarketRef = opt(default=MarketRef(""), help="prices")
    fee: Decimal = opt(default=Decimal("4.5"), unit="bps", ge=0, le=100, help="per side")
    wait: timedelta | None = opt(default=None)
    key: str = opt(secret=True)
    tiers: tuple[Tier, ...] = opt(default=())
    mode: Literal["a", "b"] = opt(default="a")
    names: Mapping[str, int] = opt(factory=dict)
    Word: str = opt(default="x", key="word")


def test_every_field_is_described():
    kind = ServiceKind(type="a", config=Config, open=print, summary="")
    fields = {field.key: field for field in schema_of(kind)}
    assert list(fields) == ["market", "fee", "wait", "key", "tiers", "mode", "names", "word"]
    assert {key: field.type for key, field in fields.items()} == {
        "market": "market section",
        "fee": "number",
        "wait": "duration",
        "key": "text",
        "tiers": "list of mapping",
        "mode": "one of a, b",
        "names": "mapping",
        "word": "text",
    }
    fee = fields["fee"]
    assert (fee.default, fee.unit, fee.range, fee.help) == (
        "4.5",
        "bps",
        ">= 0, <= 100",
        "per side",
    )
    assert (fields["key"].default, fields["key"].is_secret) == (None, True)
    assert (fields["wait"].default, fields["tiers"].default) == ("", "")
    [bound] = fields["tiers"].fields
    assert (bound.key, bound.default, bound.unit) == ("bound", None, "USD")
