// Closed trades.

import { h } from "./dom.js";
import { confidence, gain, isKnown, minutes, price, quantity, times, tone, usd } from "./format.js";
import { moment } from "./moment.js";
import { Table } from "./table.js";
import { cycleBehind, talkTime } from "./talk.js";
import { traderLink } from "./traders.js";
import { cycleAddress } from "./view_state.js";

const held = (row) => (row.exit_time - row.entry_time) / 60;

/**
 * What the record says the position was left by. An earlier version did not tell; there it follows from
 * prices: a stop is filled at its price or worse, a target at its price or better, and between them
 * somebody closed it.
 */
export function exitReason(row) {
  if (row.exit_reason) return row.exit_reason;
  if (row.exit_liquidation) return "liquidation";
  const way = row.side === "short" ? -1 : 1;
  const { stop_loss: stop, profit_target: target } = row.exit_plan ?? {};
  if (isKnown(stop) && way * row.exit_price <= way * stop) return "stop";
  if (isKnown(target) && way * row.exit_price >= way * target) return "target";
  return "close";
}

const ENTRIES = { long: ["buy_to_enter"], short: ["sell_to_enter"] };

/** A link to the cycle behind an execution, null where it is no longer among those the API has. */
function decisionLink(store, row, signals, at, words) {
  const talk = cycleBehind(store, row.model_id, row.symbol, signals, at);
  return talk && h("a", { class: "sub", href: cycleAddress(row.model_id, talkTime(talk)), dataset: { key: `${words}:${row.id}` } }, words);
}

/** A table of trades; with `trader` false the column of the trader is left out. */
export function tradeTable(store, { trader = true } = {}) {
  const columns = [
    { key: "trader", label: "Trader", lead: true, value: (row) => row.model_id, cell: (row) => traderLink(store, row.model_id, row.id) },
    { key: "symbol", label: "Trade", class: "tight", lead: !trader, value: (row) => row.symbol, cell: (row) => [h("b", {}, row.symbol), " ", h("span", { class: row.side === "short" ? "down" : "up" }, row.side), " ", times(row.leverage), row.exit_liquidation ? h("span", { class: "badge warn" }, "liquidated") : null, h("span", { class: "sub" }, quantity(row.quantity)), decisionLink(store, row, ENTRIES[row.side] ?? [], row.entry_time, "why it was entered")] },
    { key: "exit", label: "Closed", class: "tight", value: (row) => row.exit_time, cell: (row) => moment(row.exit_time) },
    { key: "reason", label: "Left by", class: "tight", value: exitReason, cell: (row) => [exitReason(row), exitReason(row) === "close" ? decisionLink(store, row, ["close"], row.exit_time, "why it was closed") : null] },
    { key: "held", label: "Held", num: true, value: held, cell: (row) => minutes(held(row)) },
    { key: "price", label: "Entry → exit", num: true, value: (row) => row.entry_price, cell: (row) => [price(row.entry_price), h("span", { class: "sub" }, "→ ", price(row.exit_price))] },
    { key: "size", label: "Size", num: true, value: (row) => Math.abs(row.quantity * row.entry_price), cell: (row) => usd(Math.abs(row.quantity * row.entry_price)) },
    { key: "fees", label: "Fees", num: true, value: (row) => row.total_commission_dollars, cell: (row) => usd(row.total_commission_dollars) },
    { key: "net", label: "Net result", num: true, value: (row) => row.realized_net_pnl, cell: (row) => h("span", { class: tone(row.realized_net_pnl) }, gain(row.realized_net_pnl)) },
    { key: "confidence", label: "Confidence", num: true, value: (row) => row.confidence, cell: (row) => confidence(row.confidence) },
  ];
  return new Table({ caption: "Closed trades", columns: trader ? columns : columns.slice(1), sort: { key: "exit", down: true }, name: "sort" });
}

export const tradesOf = (store, trader) => (store.data("trades")?.trades ?? []).filter((row) => row.model_id === trader);
