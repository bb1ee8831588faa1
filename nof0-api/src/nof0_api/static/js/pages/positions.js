// Every open position of every trader.

import { h } from "../dom.js";
import { gain, number, usd } from "../format.js";
import { Pager } from "../pager.js";
import { openPositions, positionTable } from "../position_table.js";
import { empty, missing } from "../states.js";

export class Positions {
  needs = ["positions"];

  constructor(store) {
    this.store = store;
    this.table = positionTable(store);
    this.sum = h("p", { class: "muted", id: "position-sum" });
    this.body = h("div", {});
    this.pager = new Pager(100, () => this.update());
    this.element = h("div", {}, h("h1", {}, "Open positions"), h("section", { class: "panel" }, this.sum, this.body, this.pager.element));
  }

  update() {
    const state = missing(this.store, "positions", "positions");
    const rows = openPositions(this.store);
    this.sum.hidden = !rows.length;
    if (state || !rows.length) {
      this.body.replaceChildren(state ?? empty("No open positions", "All traders are in cash at the moment."));
      return;
    }
    const value = rows.reduce((sum, row) => sum + Math.abs(row.quantity * row.current_price), 0);
    const open = rows.reduce((sum, row) => sum + row.unrealized_pnl, 0);
    this.sum.textContent = `${number(rows.length, 0)} open, worth ${usd(value)}, unrealised ${gain(open)}`;
    if (!this.table.element.isConnected) this.body.replaceChildren(this.table.element);
    this.table.show(rows, this.pager.of(rows.length));
  }

  destroy() {}
}
