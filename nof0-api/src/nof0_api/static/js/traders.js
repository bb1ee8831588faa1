// Who trades: names, colours, and what the leaderboard says of each.

import { h } from "./dom.js";

export const BENCHMARK = "buynhold_btc";
const COLOURS = 10;

/** All traders the API knows, in a fixed order, without the benchmark. */
export function tradersOf(store) {
  const names = new Set();
  for (const row of store.data("since-inception-values")?.sinceInceptionValues ?? []) names.add(row.model_id);
  for (const row of store.data("leaderboard")?.leaderboard ?? []) names.add(row.id);
  for (const name of store.totals.models) names.add(name);
  names.delete(BENCHMARK);
  return [...names].sort();
}

/** The variable of the stylesheet that holds a trader's colour. */
export function colourName(store, trader) {
  if (trader === BENCHMARK) return "benchmark";
  return `s${Math.max(0, tradersOf(store).indexOf(trader)) % COLOURS}`;
}

export const label = (trader) => (trader === BENCHMARK ? "buy and hold BTC" : trader);

/** A trader's row of the leaderboard, or null. */
export function standing(store, trader) {
  return (store.data("leaderboard")?.leaderboard ?? []).find((row) => row.id === trader) ?? null;
}

/** Initial capital in USD and first moment in seconds, or null. */
export function inception(store, trader) {
  const rows = store.data("since-inception-values")?.sinceInceptionValues ?? [];
  return rows.find((row) => row.model_id === trader) ?? null;
}

export const address = (trader) => `#/trader/${encodeURIComponent(trader)}`;

/** A trader's name with its colour, linked to its page. */
export function traderLink(store, trader, where) {
  const dot = h("span", { class: "dot", vars: { dot: `var(--${colourName(store, trader)})` } });
  if (trader === BENCHMARK) return h("span", { class: "name" }, dot, label(trader));
  return h("a", { class: "name", href: address(trader), dataset: { key: `${where}:${trader}` } }, dot, label(trader));
}
