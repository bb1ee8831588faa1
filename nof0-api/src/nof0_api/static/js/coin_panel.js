// What a trader made with each coin: closed trades, and what is open now.

import { h } from "./dom.js";
import { count, gain, percent, tone, usd } from "./format.js";
import { openPositions } from "./position_table.js";
import { Asked } from "./run_feed.js";
import { empty } from "./states.js";
import { Table } from "./table.js";
import { analyticsOf } from "./tiles.js";
import { tradesOf } from "./trade_table.js";

/** Rows `{symbol, count, won, net, fees, open, sum}` of coins that were traded or are held. */
export function byCoin(trades, positions) {
  const found = new Map();
  const of = (symbol) => {
    if (!found.has(symbol)) found.set(symbol, { symbol, count: 0, won: 0, net: 0, fees: 0, open: null, sum: 0 });
    return found.get(symbol);
  };
  for (const one of trades) {
    const row = of(one.symbol);
    row.count += 1;
    row.won += one.realized_net_pnl > 0 ? 1 : 0;
    row.net += one.realized_net_pnl;
    row.fees += one.total_commission_dollars;
  }
  for (const one of positions) of(one.symbol).open = (of(one.symbol).open ?? 0) + one.unrealized_pnl;
  for (const row of found.values()) row.sum = row.net + (row.open ?? 0);
  return [...found.values()];
}

const MOST = 10000; // of each model, as the API allows

export class CoinPanel {
  constructor(store, trader) {
    this.store = store;
    this.trader = trader;
    const money = (key, label) => ({ key, label, num: true, value: (row) => row[key], cell: (row) => h("span", { class: tone(row[key]) }, gain(row[key])) });
    this.table = new Table({ caption: "Profit by coin", sort: { key: "sum", down: true }, name: "coins", columns: [
      { key: "symbol", label: "Coin", lead: true, value: (row) => row.symbol, cell: (row) => h("b", {}, row.symbol) },
      { key: "count", label: "Trades", num: true, value: (row) => row.count, cell: (row) => count(row.count) },
      { key: "won", label: "Won", num: true, value: (row) => (row.count ? row.won / row.count : null), cell: (row) => percent(row.count ? (100 * row.won) / row.count : null, 0) },
      { key: "fees", label: "Fees", num: true, value: (row) => row.fees, cell: (row) => usd(row.fees) },
      money("net", "Closed, net"), money("open", "Open"), money("sum", "Together")] });
    this.note = h("span", {});
    this.all = h("button", { class: "button", type: "button", hidden: true, onclick: () => this.#readAll() }, "Add up all of them");
    this.body = h("div", {});
    this.element = h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Profit by coin")), this.body, h("p", { class: "note" }, this.note, " ", this.all));
  }

  update() {
    const earlier = (this.whole?.data?.trades ?? []).filter((row) => row.model_id === this.trader);
    const trades = [...new Map([...earlier, ...tradesOf(this.store, this.trader)].map((row) => [row.id, row])).values()];
    const rows = byCoin(trades, openPositions(this.store, this.trader));
    const all = analyticsOf(this.store, this.trader)?.overall_trades_overview_table?.total_trades ?? trades.length;
    // The list the page asks for is cut; a sum of a part must not look like all of it.
    this.note.textContent = all > trades.length ? `Of the newest ${count(trades.length)} of ${count(all)} closed trades.` : "Of all closed trades, after fees and funding.";
    if (this.whole?.error) this.note.textContent += ` The rest cannot be read (${this.whole.error.message}).`;
    this.all.hidden = all <= trades.length || Boolean(this.whole && !this.whole.error);
    this.note.hidden = !rows.length;
    if (!rows.length) this.body.replaceChildren(empty("No coin yet", "The first one comes with the first position."));
    else {
      if (!this.table.element.isConnected) this.body.replaceChildren(this.table.element);
      this.table.show(rows);
    }
  }

  destroy() {
    this.whole?.destroy();
  }

  /** The page asks for the newest trades only; all of them, as many as the API gives, are asked for on demand. */
  #readAll() {
    this.whole?.destroy();
    this.whole = new Asked(`api/trades?limit=${MOST}`, () => this.update(), 0);
    this.all.hidden = true;
  }
}
