// The six tables of a trader's analytics. Names and units follow from the keys, so that a key the
// engine adds shows up without a change here.

import { h } from "./dom.js";
import { confidence, count, gain, minutes, NONE, number, percent, usd } from "./format.js";

const TITLES = {
  overall_trades_overview_table: "Trades",
  fee_pnl_moves_breakdown_table: "Fees and results",
  winners_losers_breakdown_table: "Winners and losers",
  longs_shorts_breakdown_table: "Longs and shorts",
  signals_breakdown_table: "Signals",
  invocation_breakdown_table: "Decision cycles",
};
const WORDS = { std: "Std. dev. of", avg: "Mean", median: "Median", num: "Number of", pct: "Share of", mins: "time", pnl: "result", convo: "asked" };

/** `avg_winners_net_pnl` → "Mean winners net result". */
export function keyName(key) {
  const words = key
    .replace(/_mins$/, "")
    .replace(/^pct_mins_(\w+)_combined$/, "share_of_time_$1")
    .replace(/^mins_(\w+)_combined$/, "coin_time_$1")
    .replace(/_pct$/, "")
    .split("_")
    .map((word, index) => (index === 0 || word === "pnl" || word === "convo" ? (WORDS[word] ?? word) : word))
    .join(" ");
  return words[0].toUpperCase() + words.slice(1);
}

/** Writes a value in the unit its key implies. */
export function keyValue(key, value) {
  if (value === null || value === undefined) return NONE;
  if (typeof value !== "number") return String(value);
  if (/^(num|total)_(?!fees)/.test(key)) return count(value);
  if (/(^|_)pct(_|$)|win_rate/.test(key)) return percent(value);
  if (/mins|holding_period/.test(key)) return minutes(value);
  if (/confidence/.test(key)) return confidence(value);
  if (/^(std|avg|total)_.*(fee|notional)|fees_paid|std_.*pnl/.test(key)) return usd(value);
  if (/pnl|biggest_net|notional/.test(key)) return /notional/.test(key) ? usd(value) : gain(value);
  return number(value);
}

/** How many figures the tables of a row have. */
export const figuresIn = (row) => Object.entries(row).reduce((sum, [key, table]) => sum + (key.endsWith("_table") ? Object.keys(table ?? {}).length : 0), 0);

/** All tables of one row of `api/analytics`. */
export function analyticsTables(row) {
  const names = Object.keys(row).filter((key) => key.endsWith("_table"));
  const order = Object.keys(TITLES);
  names.sort((a, b) => (order.indexOf(a) + 1 || 99) - (order.indexOf(b) + 1 || 99));
  return h("div", { class: "groups" }, names.map((name) =>
    h("section", { dataset: { table: name } }, h("h3", {}, TITLES[name] ?? keyName(name)),
      h("dl", { class: "facts" }, Object.entries(row[name]).map(([key, value]) => [h("dt", {}, keyName(key)), h("dd", { dataset: { field: key } }, keyValue(key, value))])))));
}
