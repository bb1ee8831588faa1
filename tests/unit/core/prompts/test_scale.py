from __future__ import annotations

import numpy as np
import pytest

from nof0_core.prompts.scale import Scale, form_of, number, scale_of


def numbers(values, scale, price_decimals):
    form = form_of(values, scale, price_decimals)
    return " ".join(number(form, value) for value in values.tolist())


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("ema20", Scale.PRICE),
        ("macd", Scale.DIFFERENCE),
        ("macd_signal", Scale.DIFFERENCE),
        ("rsi7", Scale.PERCENT_INDEX),
        ("atr14", Scale.DIFFERENCE),
        ("bb_upper", Scale.PRICE),
        ("plus_di", Scale.PERCENT_INDEX),
        ("my_own", Scale.OTHER),
    ],
)
def test_the_scale_is_read_from_the_name(name, scale):
    assert scale_of(name) is scale


def test_the_function_decides_where_it_is_known():
    assert scale_of("rsi_of_mine", "EMA") is Scale.PRICE
    assert scale_of("ema20", "HT_DCPHASE") is Scale.OTHER


@pytest.mark.parametrize(
    ("values", "scale", "decimals", "text"),
    [
        ([118990.4, 1.25], Scale.PRICE, 1, "118990.4 1.2"),
        ([-12.345, 0.5], Scale.DIFFERENCE, 1, "-12.35 0.50"),
        ([50.04, np.nan], Scale.PERCENT_INDEX, 4, "50.0 n/a"),
        ([1234.5, 7.0], Scale.VOLUME, 0, "1234 7"),
        ([0.1234, 0.5], Scale.VOLUME, 0, "0.1234 0.5000"),
        ([1e-7, 123456.0], Scale.OTHER, 2, "1e-07 1.2346e+05"),
        ([], Scale.PRICE, 2, ""),
        ([np.nan, np.nan], Scale.VOLUME, 2, "n/a n/a"),
    ],
)
def test_numbers_are_cut_to_what_is_worth_reading(values, scale, decimals, text):
    assert numbers(np.array(values), scale, decimals) == text
