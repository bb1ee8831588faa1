"""Figures as the dashboard writes them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal


def rounded(value, digits):
    """Round what the page reads, a half away from zero as browsers do."""
    step = Decimal(1).scaleb(-digits)
    return abs(Decimal(repr(value))).quantize(step, ROUND_HALF_UP)


def usd(value, *, sign=False):
    text = f"{rounded(value, 2):,}"
    mark = "−" if value < 0 else "+" if sign else ""
    return f"{mark if text != '0.00' else ''}${text}"


def plus(value, digits):
    text = f"{rounded(value, digits)}"
    return ("" if not re.search(r"[1-9]", text) else "−" if value < 0 else "+") + text
