// A table with a caption, sortable columns and cells that know their heading, so that a narrow
// screen can show each row as a card.

import { h, refill } from "./dom.js";
import { SortChoice } from "./sort_choice.js";
import { choose, chosen } from "./view_state.js";

export class Table {
  #rows = [];
  #most = Infinity;
  #sort;

  /**
   * Columns are `{key, label, cell(row), value?(row), num?, lead?}`; with `value` a column can be
   * sorted. `sort` is `{key, down}` or null for the order the rows come in, `rowClass(row)` a class
   * of the row, or null. The order is kept in the address under `name`.
   */
  constructor({ caption, columns, sort = null, rowClass = () => null, name = "sort" }) {
    this.name = name;
    this.usual = written(sort);
    this.columns = columns;
    this.rowClass = rowClass;
    this.#sort = read(chosen(name, this.usual), columns);
    this.head = h("thead", { role: "rowgroup" });
    this.body = h("tbody", { role: "rowgroup" });
    // Cards are display:block, which makes browsers forget the roles unless they are written down.
    this.order = new SortChoice(columns, this.#sort, (one) => this.#sortBy(one));
    this.table = h("table", { role: "table" }, h("caption", {}, caption), this.head, this.body);
    this.element = h("div", { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" }, this.order.element, this.table);
    this.caption = caption;
  }

  /** Shows the first `most` rows in the order that is sorted by. */
  show(rows, most = Infinity) {
    this.#rows = rows;
    this.#most = most;
    this.#write();
  }

  #write() {
    refill(this.head, h("tr", { role: "row" }, this.columns.map((column) => this.#heading(column))));
    refill(this.body, this.#sorted().slice(0, this.#most).map((row) => h("tr", { role: "row", class: this.rowClass(row) }, this.columns.map((column) => cell(column, row)))));
  }

  #heading(column) {
    const isSorted = this.#sort?.key === column.key;
    const order = isSorted ? (this.#sort.down ? "descending" : "ascending") : column.value ? "none" : null;
    const content = column.value
      ? h("button", { type: "button", dataset: { key: `sort:${column.key}` }, onclick: () => this.#sortBy(this.#next(column.key)) }, column.label)
      : column.label;
    return h("th", { role: "columnheader", scope: "col", class: column.num ? "num" : null, "aria-sort": order }, content);
  }

  #next(key) {
    return { key, down: this.#sort?.key === key ? !this.#sort.down : true };
  }

  #sortBy(sort) {
    this.#sort = sort;
    choose(this.name, written(sort), this.usual);
    this.order.show(sort);
    this.#write();
  }

  #sorted() {
    const column = this.columns.find((one) => one.key === this.#sort?.key);
    if (!column?.value) return this.#rows;
    const way = this.#sort.down ? -1 : 1;
    return [...this.#rows].sort((a, b) => {
      const [one, other] = [column.value(a), column.value(b)];
      // Unknown values stay at the end whichever way the rest is sorted.
      if (one === null || one === undefined) return other === null || other === undefined ? 0 : 1;
      if (other === null || other === undefined) return -1;
      return (one < other ? -1 : one > other ? 1 : 0) * way;
    });
  }
}

/** `net.down`, `net.up`, or `none` for the order the rows come in. */
const written = (sort) => (sort ? `${sort.key}.${sort.down ? "down" : "up"}` : "none");

function read(text, columns) {
  const [key, way] = text.split(".");
  return columns.some((one) => one.key === key && one.value) ? { key, down: way !== "up" } : null;
}

function cell(column, row) {
  const classes = [column.num ? "num" : "", column.lead ? "lead" : "", column.class ?? ""].join(" ").trim();
  return h("td", { role: "cell", class: classes || null, dataset: { label: column.label } },
    h("div", { class: "cell" }, column.cell(row)));
}
