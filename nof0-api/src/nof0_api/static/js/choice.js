// A labelled list to choose from, for filters, kept in the address. Its first entry stands for no filter.

import { h } from "./dom.js";
import { choose, chosen } from "./view_state.js";

export class Choice {
  #known = "";

  /** `name` is that of the address, `all` the words of the first entry. */
  constructor({ label, all, name, onchange }) {
    this.all = all;
    this.value = chosen(name); // what is chosen; empty for no filter
    this.select = h("select", {
      onchange: () => {
        this.value = this.select.value;
        choose(name, this.value);
        onchange();
      },
    });
    this.element = h("label", {}, label, this.select);
    this.offer([]);
  }

  /** Offers these values, and what is chosen even where it is not among them (yet). */
  offer(values) {
    const all = this.value && !values.includes(this.value) ? [...values, this.value] : values;
    const known = JSON.stringify(all);
    if (known === this.#known) return;
    this.#known = known;
    this.select.replaceChildren(h("option", { value: "" }, this.all), ...all.map((one) => h("option", { value: one }, one)));
    this.select.value = this.value;
  }
}
