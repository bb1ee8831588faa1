"""Indicators on closed bars, computed by TA-Lib.

Any TA-Lib function that reads open, high, low, close or volume can be named in the configuration.
Names of the results, for an indicator called `x`:

- one output: `x`;
- several outputs: `x_` and what TA-Lib calls the output, without the function's own name in front
  and without a trailing `band`; an output that is called like its function is plain `x`. So MACD
  gives `x`, `x_signal`, `x_hist`; BBANDS `x_upper`, `x_middle`, `x_lower`; STOCH `x_slowk`,
  `x_slowd`; AROON `x_down`, `x_up`; SUPERTREND `x`, `x_trend`.

All values are causal: one bar's value depends on that bar and earlier ones only. Running totals
(OBV, AD, VWAP, NVI, PVI, PVT, WAD, CUMSUM) start at the first bar that was fetched, so only their
changes mean something.
"""
