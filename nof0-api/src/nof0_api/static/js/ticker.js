// The strip of prices under the header.

import { h, refill } from "./dom.js";
import { price, tone } from "./format.js";
import { utc } from "./moment.js";

export class Ticker {
  #before = new Map();

  constructor(node) {
    this.node = node;
    this.node.tabIndex = 0; // it scrolls on a narrow screen
  }

  /** Shows an answer of `api/crypto-prices`; the colour tells the way since the last change. */
  show(answer) {
    if (!answer) return;
    const prices = Object.values(answer.prices ?? {});
    const items = prices.map((one) => {
      const last = this.#before.get(one.symbol);
      const way = last === undefined ? 0 : last.price === one.price ? last.way : one.price - last.price;
      this.#before.set(one.symbol, { price: one.price, way });
      return h("span", { title: `${one.symbol} at ${utc(one.timestamp / 1000)}`, dataset: { symbol: one.symbol } },
        h("b", {}, one.symbol), h("span", { class: way ? tone(way) : null }, price(one.price)));
    });
    refill(this.node, items.length ? items : h("span", { class: "muted" }, "No prices yet"));
  }
}
