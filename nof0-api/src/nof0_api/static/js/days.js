// Profit by day and week, reckoned from account totals. A day is one of UTC, a week begins on Monday.

import { isKnown } from "./format.js";
import { earned } from "./series.js";

const DAY = 86400;

/** The number of a day since 1970; what is of midnight itself ends the day before. */
const dayOf = (time) => Math.ceil(time / DAY) - 1;

/** The number of a week; the first day of 1970 was a Thursday. */
export const weekOf = (day) => Math.floor((day + 3) / 7);

/**
 * Results of days and weeks: `{days, weeks}`, each a Map of its number to `{usd, pct, over}`. `usd` is profit, moved
 * capital left out, `pct` the time-weighted return, `over` of how many days or weeks: more than one where rows of
 * those before are missing. Rows are those of one trader, oldest first; the first of them
 * is what the rest is counted from.
 */
export function results(rows) {
  const known = rows.filter((row) => isKnown(earned(row)) && isKnown(row.realized_pnl) && isKnown(row.total_unrealized_pnl));
  const of = (numberOf) => {
    const found = new Map();
    let before = known[0];
    known.slice(1).forEach((row, at) => {
      const number = numberOf(dayOf(row.timestamp));
      const next = known[at + 2];
      if (next && numberOf(dayOf(next.timestamp)) === number) return; // not yet its last row
      const over = Math.max(1, number - numberOf(dayOf(before.timestamp)));
      found.set(number, { over, usd: profit(row) - profit(before), pct: 100 * ((100 + earned(row)) / (100 + earned(before)) - 1) });
      before = row;
    });
    return found;
  };
  return { days: of((day) => day), weeks: of(weekOf) };
}

const profit = (row) => row.realized_pnl + row.total_unrealized_pnl;
