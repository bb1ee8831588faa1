// Open positions with the plan for leaving them.

import { h } from "./dom.js";
import { confidence, gain, isKnown, NONE, percent, price, quantity, times, tone, usd } from "./format.js";
import { moment } from "./moment.js";
import { Table } from "./table.js";
import { traderLink } from "./traders.js";

const side = (row) => (row.quantity < 0 ? "short" : "long");

/** Distance of the price from where the position is liquidated, in percent of the price. */
function room(row) {
  if (!isKnown(row.liquidation_price) || !isKnown(row.current_price) || !row.current_price) return null;
  return (100 * Math.abs(row.current_price - row.liquidation_price)) / row.current_price;
}

/** A table of positions; with `trader` false the column of the trader is left out. */
export function positionTable(store, { trader = true } = {}) {
  const columns = [
    { key: "trader", label: "Trader", lead: true, value: (row) => row.model_id, cell: (row) => traderLink(store, row.model_id, `position:${row.symbol}`) },
    { key: "symbol", label: "Position", class: "tight", lead: !trader, value: (row) => row.symbol, cell: (row) => [h("b", {}, row.symbol), " ", h("span", { class: row.quantity < 0 ? "down" : "up" }, side(row)), " ", times(row.leverage), h("span", { class: "sub" }, quantity(row.quantity))] },
    { key: "value", label: "Value", num: true, value: (row) => Math.abs(row.quantity * row.current_price), cell: (row) => [usd(Math.abs(row.quantity * row.current_price)), h("span", { class: "sub" }, "margin ", usd(row.margin))] },
    { key: "price", label: "Entry / now", num: true, value: (row) => row.entry_price, cell: (row) => [price(row.entry_price), h("span", { class: "sub" }, price(row.current_price))] },
    { key: "pnl", label: "Unrealised", num: true, value: (row) => row.unrealized_pnl, cell: (row) => h("span", { class: tone(row.unrealized_pnl) }, gain(row.unrealized_pnl)) },
    { key: "liquidation", label: "Liquidation", num: true, value: room, cell: (row) => (isKnown(row.liquidation_price) ? [price(row.liquidation_price), h("span", { class: "sub" }, percent(room(row)), " away")] : NONE) },
    { key: "plan", label: "Exit plan", class: "plan", cell: plan },
    { key: "confidence", label: "Confidence", num: true, value: (row) => row.confidence, cell: (row) => [confidence(row.confidence), h("span", { class: "sub" }, "risk ", usd(row.risk_usd))] },
    { key: "since", label: "Since", class: "tight", value: (row) => row.entry_time, cell: (row) => moment(row.entry_time, { short: true }) },
  ];
  return new Table({ caption: "Open positions", columns: trader ? columns : columns.slice(1), sort: null, name: "positions" });
}

function plan(row) {
  const exit = row.exit_plan ?? {};
  const hasAny = isKnown(exit.profit_target) || isKnown(exit.stop_loss) || exit.invalidation_condition;
  if (!hasAny) return h("span", { class: "muted" }, "none given");
  return [
    h("span", {}, "target ", h("span", { class: "up" }, price(exit.profit_target)), " · stop ", h("span", { class: "down" }, price(exit.stop_loss))),
    exit.invalidation_condition ? h("span", { class: "sub" }, exit.invalidation_condition) : null,
  ];
}

/** Positions of all traders as rows, those of one if named. */
export function openPositions(store, trader = null) {
  return (store.data("positions")?.accountTotals ?? [])
    .filter((account) => trader === null || account.model_id === trader)
    .flatMap((account) => Object.values(account.positions ?? {}).map((one) => ({ ...one, model_id: account.model_id })));
}
