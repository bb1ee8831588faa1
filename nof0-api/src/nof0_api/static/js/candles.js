// Closed bars of a coin as the API has them, by interval, and what happened during them.

const SECONDS = { m: 60, h: 3600, d: 86400, w: 604800 };

const length = (interval) => Number.parseInt(interval, 10) * (SECONDS[interval.at(-1)] ?? 0);

/** Bars of a coin: a Map of interval to `{time, open, high, low, close}`, shortest interval first. */
export function candlesOf(store, symbol) {
  const found = new Map();
  for (const row of store.data("candles")?.candles ?? []) {
    // Two markets may have the coin; one of them is enough to show what a trader did.
    if (row.symbol !== symbol || found.has(row.interval) || !row.bars.length) continue;
    found.set(row.interval, row.bars.map(([time, open, high, low, close]) => ({ time: Math.floor(time), open, high, low, close })));
  }
  return new Map([...found].sort(([a], [b]) => length(a) - length(b)));
}

/** The shortest interval whose bars reach back to half of the marks; without one, the longest. */
export function fitting(candles, marks) {
  const half = marks[Math.floor(marks.length / 2)]?.time ?? Infinity;
  const names = [...candles.keys()];
  return names.find((name) => candles.get(name)[0].time <= half) ?? names.at(-1);
}

/** Marks moved to the bar they happened in; those before the first bar are left out. */
export function onBars(marks, bars) {
  let at = 0;
  return marks.filter((mark) => mark.time >= bars[0].time).map((mark) => {
    while (at + 1 < bars.length && bars[at + 1].time <= mark.time) at += 1;
    return { ...mark, time: bars[at].time };
  });
}
