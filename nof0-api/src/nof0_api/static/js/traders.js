// Who trades: names, colours, and what the leaderboard says of each.

import { h } from "./dom.js";
import { count, isKnown, NONE } from "./format.js";
import { logoOf } from "./logos.js";
import { styled } from "./theme.js";

export const BENCHMARK = "buynhold_btc";
const COLOURS = 10;

let known = { of: [], names: [], places: new Map() }; // who was known last, and of what that was made

/** Names of all traders in a fixed order, and the place of each; made anew only when something changed. */
function listOf(store) {
  const of = [store.data("since-inception-values"), store.data("leaderboard"), store.totals.models.length];
  if (of.every((one, at) => one === known.of[at])) return known;
  const names = new Set(store.totals.models);
  for (const row of of[0]?.sinceInceptionValues ?? []) names.add(row.model_id);
  for (const row of of[1]?.leaderboard ?? []) names.add(row.id);
  names.delete(BENCHMARK);
  const sorted = [...names].sort();
  known = { of, names: sorted, places: new Map(sorted.map((name, at) => [name, at])), rows: new Map((of[1]?.leaderboard ?? []).map((row) => [row.id, row])) };
  return known;
}

/** All traders the API knows, in a fixed order, without the benchmark. */
export const tradersOf = (store) => listOf(store).names;

/** A trader's own colour (`#rrggbb`), or the variable of the stylesheet that holds it. */
export function colourName(store, trader) {
  if (trader === BENCHMARK) return "benchmark";
  const own = standing(store, trader)?.color;
  if (/^#[0-9a-f]{6}$/i.test(own ?? "")) return own;
  return `s${(listOf(store).places.get(trader) ?? 0) % COLOURS}`;
}

export const label = (trader) => (trader === BENCHMARK ? "buy and hold BTC" : trader);

/** A trader's row of the leaderboard, or null. */
export function standing(store, trader) {
  return listOf(store).rows?.get(trader) ?? null;
}

/** Whether a row of the leaderboard is above the quality gates. */
export const isRanked = (row) => !row.unranked_reason;

/**
 * The leaderboard's rows: best return first, who is not ranked last. That is how nof0 writes them;
 * another source may not keep to it. Equals stay as they came.
 */
export function ranking(store) {
  const rows = store.data("leaderboard")?.leaderboard ?? [];
  return [...rows].sort((a, b) => isRanked(b) - isRanked(a) || (b.return_pct ?? -Infinity) - (a.return_pct ?? -Infinity) || 0);
}

/** Places by trader, from 1, of those that are ranked. */
export const places = (store) => new Map(ranking(store).filter(isRanked).map((row, index) => [row.id, index + 1]));

/** How often a model's answer could be used, of how often it was asked: `118 of 120`. */
export const usable = (row) => (isKnown(row?.usable_answers) ? `${count(row.usable_answers)} of ${count(row.cycles)}` : NONE);

/** What the engine says of a trader, where that is not that all is well. */
export const statusBadge = (row) => (row?.status && !["ok", "running"].includes(row.status) ? h("span", { class: "badge warn" }, row.status.replace("_", " ")) : null);

/** Initial capital in USD and first moment in seconds, or null. */
export function inception(store, trader) {
  const rows = store.data("since-inception-values")?.sinceInceptionValues ?? [];
  return rows.find((row) => row.model_id === trader) ?? null;
}

/** Capital in USD that rebalances gave (or took, negative) since the start, or null; `last` is the newest row of the totals. */
export function movedCapital(start, last) {
  if (!start || !last) return null;
  const moved = last.dollar_equity - start.nav_since_inception - last.realized_pnl - last.total_unrealized_pnl;
  return Math.abs(moved) < 0.005 ? 0 : moved; // what is left of binary fractions is no transfer
}

export const address = (trader) => `#/trader/${encodeURIComponent(trader)}`;

/** A trader's name with its colour, linked to its page. */
export function traderLink(store, trader, where) {
  const dot = h("span", { class: "dot", vars: { dot: styled(colourName(store, trader)) } });
  if (trader === BENCHMARK) return h("span", { class: "name" }, dot, label(trader));
  const logo = logoOf(trader);
  const called = h("span", { class: "called", title: trader.length > 26 ? trader : null }, label(trader));
  return h("a", { class: "name", href: address(trader), dataset: { key: `${where}:${trader}` } }, dot, logo ? h("img", { class: "logo", src: logo, alt: "", width: 18, height: 18 }) : null, called);
}
