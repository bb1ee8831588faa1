// Closed bars of a coin as the API has them, by interval, and which of them suit a span of time.

const SECONDS = { m: 60, h: 3600, d: 86400, w: 604800 };
const FEW = 30; // bars; with fewer a span is a handful of giants

const length = (interval) => Number.parseInt(interval, 10) * (SECONDS[interval.at(-1)] ?? 0);

/** Bars of a coin: a Map of interval to `{time, open, high, low, close, volume, indicators}`, shortest interval first. */
export function candlesOf(store, symbol) {
  const found = new Map();
  for (const row of store.data("candles")?.candles ?? []) {
    // Two markets may have the coin; one of them is enough to show what a trader did.
    if (row.symbol !== symbol || found.has(row.interval) || !row.bars.length) continue;
    found.set(row.interval, row.bars.map(([time, open, high, low, close, volume, indicators]) => ({ time: Math.floor(time), open, high, low, close, volume, indicators })));
  }
  return new Map([...found].sort(([a], [b]) => length(a) - length(b)));
}

/**
 * The interval for a span that begins at `from` (s): the shortest that reaches back so far. One that would show a
 * handful of bars is none; where nothing reaches back so far, the one that comes closest.
 */
export function fitting(candles, from) {
  const start = (bars) => Math.max(from, bars[0].time);
  const names = [...candles.keys()];
  const readable = names.filter((name) => candles.get(name).filter((bar) => bar.time >= from).length >= FEW);
  const reaching = readable.find((name) => candles.get(name)[0].time <= from);
  return reaching ?? readable.reduce((best, name) => (best === null || start(candles.get(name)) < start(candles.get(best)) ? name : best), null) ?? names[0];
}
