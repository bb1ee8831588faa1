// A labelled list to choose from, for filters. Its first entry stands for no filter.

import { h } from "./dom.js";

export class Choice {
  #known = "";

  constructor({ label, all, onchange }) {
    this.all = all;
    this.select = h("select", { onchange });
    this.element = h("label", {}, label, this.select);
  }

  /** What is chosen; empty for no filter. */
  get value() {
    return this.select.value;
  }

  set value(value) {
    this.select.value = value;
  }

  /** Offers these values and keeps what is chosen if it is still among them. */
  offer(values) {
    const known = JSON.stringify(values);
    if (known === this.#known) return;
    this.#known = known;
    const before = this.value;
    this.select.replaceChildren(h("option", { value: "" }, this.all), ...values.map((one) => h("option", { value: one }, one)));
    this.select.value = values.includes(before) ? before : "";
  }
}
