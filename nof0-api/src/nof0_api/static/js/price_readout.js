// What stands at a place of a price chart: the bar's prices, its volume, what the model was shown beside it, and marks.

import { h } from "./dom.js";
import { change, isKnown, number, price, quantity, tone } from "./format.js";
import { moment } from "./moment.js";

const PRICES = [["O", "open"], ["H", "high"], ["L", "low"], ["C", "close"]];

/** A value of an indicator: some are prices, some run from 0 to 100. */
const level = (value) => (Math.abs(value) >= 1 || value === 0 ? number(value) : price(value));

const fact = (name, value, key = name) => h("span", { class: "fact", dataset: { fact: key } }, h("span", { class: "muted" }, name, " "), value);

/** Children of the line that tells of a bar `{time, open, …}` or a point `{time, value}`; `cluster` are the marks there. */
export function readout(bar, cluster) {
  if (!bar) return [];
  const parts = [moment(bar.time, { short: true })];
  if (isKnown(bar.value)) parts.push(fact("price", price(bar.value)));
  else {
    for (const [name, key] of PRICES) parts.push(fact(name, price(bar[key]), key));
    parts.push(fact("V", quantity(bar.volume), "volume"));
    const made = bar.open ? 100 * (bar.close / bar.open - 1) : null;
    parts.push(h("span", { class: tone(made) }, change(made)));
    for (const [name, value] of Object.entries(bar.indicators ?? {})) parts.push(fact(name, level(value), `indicator:${name}`));
  }
  if (cluster?.marks.length === 1) parts.push(h("b", {}, cluster.marks[0].title));
  else if (cluster) parts.push(h("b", {}, `${cluster.marks.length} marks here`), h("span", { class: "muted" }, "click or press Enter for the list"));
  return parts;
}
