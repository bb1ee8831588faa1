// A field to search with, kept in the address.

import { h } from "./dom.js";
import { choose, chosen } from "./view_state.js";

const PAUSE = 200; // ms after the last letter

export class SearchField {
  #timer = 0;

  /** `name` is that of the address; `onchange` is called when the reader pauses. */
  constructor({ label, name, onchange }) {
    this.value = chosen(name);
    const take = () => {
      clearTimeout(this.#timer);
      if (this.value === this.field.value.trim()) return;
      this.value = this.field.value.trim();
      choose(name, this.value);
      onchange();
    };
    this.field = h("input", { type: "search", value: this.value, maxlength: 200, oninput: () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(take, PAUSE);
    }, onchange: take });
    this.element = h("label", {}, label, this.field);
  }
}
