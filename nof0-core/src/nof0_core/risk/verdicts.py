"""Short ways to write verdicts."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.domain.decision import Verdict, VerdictKind


def veto(check: str, code: str, message: str, **numbers: Decimal) -> Verdict:
    """Say no, with the figures compared."""
    return Verdict(kind=VerdictKind.VETO, check=check, code=code, message=message, numbers=numbers)


def shrink(
    check: str,
    code: str,
    message: str,
    *,
    size_usd: Decimal | None = None,
    leverage: int | None = None,
    **numbers: Decimal,
) -> Verdict:
    """Say yes to at most `size_usd` of notional, at most `leverage`, or both."""
    return Verdict(
        kind=VerdictKind.SHRINK,
        check=check,
        code=code,
        message=message,
        size_usd=size_usd,
        leverage=leverage,
        numbers=numbers,
    )


def usd(amount: Decimal) -> str:
    """Write an amount for a sentence: `1234.50 USD`."""
    return f"{amount:.2f} USD"
