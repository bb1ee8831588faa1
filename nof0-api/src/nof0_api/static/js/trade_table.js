// Closed trades.

import { h } from "./dom.js";
import { confidence, gain, minutes, price, quantity, times, tone, usd } from "./format.js";
import { moment } from "./moment.js";
import { Table } from "./table.js";
import { traderLink } from "./traders.js";

const held = (row) => (row.exit_time - row.entry_time) / 60;

/** A table of trades; with `trader` false the column of the trader is left out. */
export function tradeTable(store, { trader = true } = {}) {
  const columns = [
    { key: "trader", label: "Trader", lead: true, value: (row) => row.model_id, cell: (row) => traderLink(store, row.model_id, row.id) },
    { key: "symbol", label: "Trade", class: "tight", lead: !trader, value: (row) => row.symbol, cell: (row) => [h("b", {}, row.symbol), " ", h("span", { class: row.side === "short" ? "down" : "up" }, row.side), " ", times(row.leverage), row.exit_liquidation ? h("span", { class: "badge warn" }, "liquidated") : null, h("span", { class: "sub" }, quantity(row.quantity))] },
    { key: "exit", label: "Closed", class: "tight", value: (row) => row.exit_time, cell: (row) => moment(row.exit_time) },
    { key: "held", label: "Held", num: true, value: held, cell: (row) => minutes(held(row)) },
    { key: "price", label: "Entry → exit", num: true, value: (row) => row.entry_price, cell: (row) => [price(row.entry_price), h("span", { class: "sub" }, "→ ", price(row.exit_price))] },
    { key: "size", label: "Size", num: true, value: (row) => Math.abs(row.quantity * row.entry_price), cell: (row) => usd(Math.abs(row.quantity * row.entry_price)) },
    { key: "fees", label: "Fees", num: true, value: (row) => row.total_commission_dollars, cell: (row) => usd(row.total_commission_dollars) },
    { key: "net", label: "Net result", num: true, value: (row) => row.realized_net_pnl, cell: (row) => h("span", { class: tone(row.realized_net_pnl) }, gain(row.realized_net_pnl)) },
    { key: "confidence", label: "Confidence", num: true, value: (row) => row.confidence, cell: (row) => confidence(row.confidence) },
  ];
  return new Table({ caption: "Closed trades", columns: trader ? columns : columns.slice(1), sort: { key: "exit", down: true } });
}

export const tradesOf = (store, trader) => (store.data("trades")?.trades ?? []).filter((row) => row.model_id === trader);
