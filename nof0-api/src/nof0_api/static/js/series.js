// Curves computed from account totals. Every point is [time in seconds, value].

import { isKnown } from "./format.js";

/** Equity in USD. Capital moved by a rebalance shows as a step. */
export const equity = (rows) => points(rows, (row) => row.dollar_equity);

/** Time-weighted return of a row in percent; arenas that move no capital tell profit on it alone. */
export const earned = (row) => row.return_pct ?? row.cum_pnl_pct;

/** Time-weighted return in percent; moved capital does not count. */
export const returns = (rows) => points(rows, earned);

/** What 100 became, on which a logarithm can be taken; whoever lost all of it has no point. */
export const growth = (rows) => positive(returns(rows).map(([time, value]) => [time, 100 + value]));

/** Points above zero. */
export const positive = (curve) => curve.filter(([, value]) => value > 0);

/** Points of a moment and later. */
export const since = (curve, from) => curve.filter(([time]) => time >= from);

/** Percent below the highest value so far, 0 or negative, of what the first capital became. */
export function drawdown(rows) {
  let peak = 100;
  return points(rows, (row) => {
    const wealth = 100 + earned(row);
    peak = Math.max(peak, wealth);
    return (100 * (wealth - peak)) / peak;
  });
}

/** Position value in percent of equity: `gross` adds sizes, `net` lets shorts count against longs. */
export function exposure(rows) {
  return {
    gross: points(rows, (row) => share(row, Math.abs)),
    net: points(rows, (row) => share(row, (value) => value)),
  };
}

function share(row, measure) {
  const held = Object.values(row.positions ?? {});
  const value = held.reduce((sum, one) => sum + measure(one.quantity * one.current_price), 0);
  return row.dollar_equity > 0 ? (100 * value) / row.dollar_equity : null;
}

function points(rows, value) {
  return rows.map((row) => [row.timestamp, value(row)]).filter(([, one]) => isKnown(one));
}

/**
 * Prices of a coin as far as the API shows them: hourly marks of whoever held it, prices of
 * executions, the newest price. Oldest first, one per second.
 */
export function pricesSeen(store, symbol) {
  const seen = new Map();
  const add = (time, value) => {
    if (isKnown(time) && isKnown(value) && value > 0) seen.set(Math.floor(time), value);
  };
  for (const model of store.totals.models) {
    for (const row of store.totals.of(model)) add(row.timestamp, row.positions?.[symbol]?.current_price);
  }
  for (const trade of store.data("trades")?.trades ?? []) {
    if (trade.symbol !== symbol) continue;
    add(trade.entry_time, trade.entry_price);
    add(trade.exit_time, trade.exit_price);
  }
  for (const account of store.data("positions")?.accountTotals ?? []) {
    const held = account.positions?.[symbol];
    if (held) add(held.entry_time, held.entry_price);
  }
  const now = store.data("crypto-prices")?.prices?.[symbol];
  if (now) add(now.timestamp / 1000, now.price);
  return [...seen].sort((a, b) => a[0] - b[0]).map(([time, value]) => ({ time, value }));
}
