// What a table is sorted by, as a list and a button: a narrow screen has no headings to press.

import { h } from "./dom.js";

export class SortChoice {
  /** `onchange` gets `{key, down}`, or null for the order the rows come in. */
  constructor(columns, sort, onchange) {
    const sortable = columns.filter((column) => column.value);
    this.onchange = onchange;
    this.select = h("select", { "aria-label": "Sort by", onchange: () => this.#tell(true) },
      h("option", { value: "" }, "the usual order"), sortable.map((one) => h("option", { value: one.key }, one.label)));
    this.way = h("button", { class: "button", type: "button", onclick: () => this.#tell(!this.isDown) });
    this.element = h("div", { class: "filters sort" }, h("span", { class: "muted", "aria-hidden": "true" }, "Sort by"), this.select, this.way);
    this.element.hidden = !sortable.length;
    this.show(sort);
  }

  show(sort) {
    this.isDown = sort?.down ?? true;
    this.select.value = sort?.key ?? "";
    this.way.hidden = !sort;
    this.way.textContent = this.isDown ? "▼ descending" : "▲ ascending";
  }

  #tell(down) {
    this.onchange(this.select.value ? { key: this.select.value, down } : null);
  }
}
