// A row of buttons of which one is pressed, kept in the address.

import { h } from "./dom.js";
import { choose, chosen } from "./view_state.js";

export class Switch {
  /** `options` are `{key: {text, title}}`, the first is the usual one; `name` is that of the address. */
  constructor({ name, label, options, onchange }) {
    this.name = name;
    this.usual = Object.keys(options)[0];
    this.value = chosen(name, this.usual, Object.keys(options));
    this.onchange = onchange;
    this.buttons = Object.entries(options).map(([key, one]) =>
      h("button", { class: "button", type: "button", "aria-label": one.title, title: one.title, dataset: { [name]: key }, onclick: () => this.#press(key) }, one.text));
    this.element = h("div", { class: "switch", role: "group", "aria-label": label }, this.buttons);
    this.#mark();
  }

  #press(key) {
    this.value = key;
    choose(this.name, key, this.usual);
    this.#mark();
    this.onchange();
  }

  #mark() {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset[this.name] === this.value));
  }
}
