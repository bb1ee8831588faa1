// All closed trades, with filters.

import { Choice } from "../choice.js";
import { h } from "../dom.js";
import { downloads } from "../download.js";
import { gain, number, usd } from "../format.js";
import { empty, missing } from "../states.js";
import { exitReason, tradeTable } from "../trade_table.js";

// Rows shown at once. A table of thousands makes a phone slow, where each is a card as well.
const STEP = innerWidth > 760 ? 100 : 20;

export class Trades {
  needs = ["trades", "conversations"]; // conversations for the links to decisions
  #shown = STEP;

  constructor(store) {
    this.store = store;
    this.table = tradeTable(store);
    const again = () => {
      this.#shown = STEP;
      this.update();
    };
    this.trader = new Choice({ label: "Trader", name: "trader", all: "all", onchange: again });
    this.symbol = new Choice({ label: "Coin", name: "coin", all: "all", onchange: again });
    this.side = new Choice({ label: "Side", name: "side", all: "both", onchange: again });
    this.result = new Choice({ label: "Result", name: "result", all: "any", onchange: again });
    this.left = new Choice({ label: "Left by", name: "left", all: "any", onchange: again });
    this.left.offer(["stop", "target", "close", "liquidation", "unprotected", "flatten", "manual"]);
    this.side.offer(["long", "short"]);
    this.result.offer(["won", "lost"]);
    this.sum = h("p", { class: "muted", role: "status", id: "trade-sum" });
    this.more = h("button", { class: "button more", type: "button", hidden: true, onclick: () => { this.#shown += STEP; this.update(); } }, "Show more");
    this.body = h("div", {});
    const filters = [this.trader, this.symbol, this.side, this.left, this.result].map((one) => one.element);
    this.element = h("div", {}, h("h1", {}, "Trades"),
      h("section", { class: "panel" }, h("header", {}, h("div", { class: "filters", role: "group", "aria-label": "Filters" }, filters), h("div", { class: "end" }, downloads("trades", () => this.#rows()))), this.sum, this.body, this.more));
  }

  update() {
    const state = missing(this.store, "trades", "trades");
    const all = this.store.data("trades")?.trades ?? [];
    this.trader.offer([...new Set(all.map((row) => row.model_id))].sort());
    this.symbol.offer([...new Set(all.map((row) => row.symbol))].sort());
    const rows = this.#rows();
    const net = rows.reduce((sum, row) => sum + row.realized_net_pnl, 0);
    const fees = rows.reduce((sum, row) => sum + row.total_commission_dollars, 0);
    const sentence = rows.length ? `${number(rows.length, 0)} trades, net ${gain(net)} after ${usd(fees)} of fees` : "";
    if (this.sum.textContent !== sentence) this.sum.textContent = sentence;
    this.more.hidden = rows.length <= this.#shown;
    if (state || !rows.length) {
      this.body.replaceChildren(state ?? (all.length ? empty("No trade matches", "Choose other filters.") : empty("No closed trades yet", "A trade appears here when its position is closed.")));
      return;
    }
    if (!this.table.element.isConnected) this.body.replaceChildren(this.table.element);
    this.table.show(rows, this.#shown);
  }

  destroy() {}

  /** What passes the filters, newest exit first. */
  #rows() {
    const all = this.store.data("trades")?.trades ?? [];
    return all.filter((row) => this.#passes(row)).sort((a, b) => b.exit_time - a.exit_time);
  }

  #passes(row) {
    return (
      (!this.trader.value || row.model_id === this.trader.value) &&
      (!this.symbol.value || row.symbol === this.symbol.value) &&
      (!this.side.value || row.side === this.side.value) &&
      (!this.left.value || exitReason(row) === this.left.value) &&
      (!this.result.value || (this.result.value === "won") === row.realized_net_pnl > 0)
    );
  }
}
