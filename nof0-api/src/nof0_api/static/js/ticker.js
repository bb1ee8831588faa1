// The strip of prices under the header.

import { h, refill } from "./dom.js";
import { change, isKnown, price, tone } from "./format.js";
import { utc } from "./moment.js";

export class Ticker {
  #before = new Map();

  constructor(node) {
    this.node = node;
    this.node.tabIndex = 0; // it scrolls on a narrow screen
  }

  /**
   * Shows an answer of `api/crypto-prices`, with the change of 24 hours where bars reach back so far
   * (`day`); the colour of a price tells its way since the last change.
   */
  show(answer, day) {
    if (!answer) return;
    const opened = new Map((day?.candles ?? []).map((one) => [one.symbol, one.bars[0]?.[4]]));
    const prices = Object.values(answer.prices ?? {});
    const items = prices.map((one) => {
      const last = this.#before.get(one.symbol);
      const way = last === undefined ? 0 : last.price === one.price ? last.way : one.price - last.price;
      this.#before.set(one.symbol, { price: one.price, way });
      return h("span", { title: `${one.symbol} at ${utc(one.timestamp / 1000)}`, dataset: { symbol: one.symbol } },
        h("b", {}, one.symbol), h("span", { class: way ? tone(way) : null }, price(one.price)), moved(one.price, opened.get(one.symbol)));
    });
    refill(this.node, items.length ? items : h("span", { class: "muted" }, "No prices yet"));
  }
}

/** How far a price is from that of 24 hours ago, or nothing where nobody knows it. */
function moved(now, then) {
  if (!isKnown(then) || !then) return null;
  const made = (100 * (now - then)) / then;
  return h("span", { class: tone(made), title: "in 24 hours", dataset: { day: "" } }, change(made));
}
