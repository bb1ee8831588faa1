// What a trader did with a coin, as marks on its price: entries, exits, and what was only asked for.

import { gain, price, quantity, times } from "./format.js";
import { openPositions } from "./position_table.js";
import { cycleBehind, decisionsOf, talkTime, verdictOn } from "./talk.js";
import { exitReason, tradesOf } from "./trade_table.js";
import { cycleAddress } from "./view_state.js";

const WORDS = { buy_to_enter: "long", sell_to_enter: "short", close: "close" };
const ENTRIES = { long: ["buy_to_enter"], short: ["sell_to_enter"] };

/** Coins a trader traded, holds or decided on, in alphabetical order. */
export function coinsOf(store, trader) {
  const coins = new Set();
  for (const trade of tradesOf(store, trader)) coins.add(trade.symbol);
  for (const held of openPositions(store, trader)) coins.add(held.symbol);
  for (const talk of talksOf(store, trader)) for (const [symbol] of decisionsOf(talk)) coins.add(symbol);
  return [...coins].sort();
}

export const talksOf = (store, trader) =>
  (store.data("conversations")?.conversations ?? []).filter((talk) => talk.model_id === trader);

/** The coin to open on: what the trader holds most of, what anybody holds of its coins, what it traded most. */
export function firstCoin(store, trader, coins) {
  const value = (rows) => (coin) => rows.filter((row) => row.symbol === coin).reduce((sum, row) => sum + Math.abs(row.quantity * row.current_price), 0);
  const trades = tradesOf(store, trader);
  const measures = [value(openPositions(store, trader)), value(openPositions(store)), (coin) => trades.filter((one) => one.symbol === coin).length];
  const most = (measure) => coins.reduce((best, coin) => (measure(coin) > measure(best) ? coin : best));
  for (const measure of measures) if (coins.some((coin) => measure(coin) > 0)) return most(measure);
  return coins[0];
}

/**
 * Marks in order of time. `text` stands beside a mark, `title` says all of it, `at` is when, in seconds; `color`
 * is the name of a variable of the stylesheet, `signals` are what a decision behind it may have been.
 */
export function marksOf(store, trader, symbol) {
  const marks = [];
  for (const one of tradesOf(store, trader).filter((row) => row.symbol === symbol)) {
    marks.push(entry(one));
    const reason = exitReason(one);
    marks.push({
      time: Math.floor(one.exit_time), at: one.exit_time, position: "inBar", shape: "circle", color: one.realized_net_pnl > 0 ? "up" : "down", signals: reason === "close" ? ["close"] : [],
      text: `${reason === "close" ? "" : `${reason} `}${gain(one.realized_net_pnl)}`, title: `${one.side} left by ${reason} at ${price(one.exit_price)}: ${gain(one.realized_net_pnl)} net`,
    });
  }
  for (const held of openPositions(store, trader).filter((row) => row.symbol === symbol)) marks.push(entry(held));
  for (const talk of talksOf(store, trader)) {
    for (const [coin, one] of decisionsOf(talk)) {
      // What was carried out is marked by its execution; holding is not worth a mark.
      if (coin !== symbol || !WORDS[one.signal] || verdictOn(talk, coin, one.signal) !== "refused") continue;
      const text = `${WORDS[one.signal]} refused`;
      marks.push({ time: Math.floor(talkTime(talk)), at: talkTime(talk), position: "aboveBar", shape: "square", color: "warn", text, title: `${text} by the risk gate`, href: cycleAddress(trader, talkTime(talk)) });
    }
  }
  return marks.sort((a, b) => a.at - b.at);
}

/** The address of the decision behind a mark, or null where the API has its cycle no more. */
export function decisionBehind(store, trader, symbol, mark) {
  if (mark.href) return mark.href;
  const talk = mark.signals?.length ? cycleBehind(store, trader, symbol, mark.signals, mark.at) : null;
  return talk && cycleAddress(trader, talkTime(talk));
}

function entry(row) {
  const side = row.quantity < 0 ? "short" : "long";
  const isShort = side === "short";
  return {
    time: Math.floor(row.entry_time), at: row.entry_time, position: isShort ? "aboveBar" : "belowBar", shape: isShort ? "arrowDown" : "arrowUp", color: isShort ? "down" : "up", signals: ENTRIES[side],
    text: `${side} ${times(row.leverage)}`, title: `${side} ${times(row.leverage)} entered at ${price(row.entry_price)}, ${quantity(row.quantity)} ${row.symbol}`,
  };
}

/** Stop, target and liquidation of an open position, as price levels. */
export function levelsOf(store, trader, symbol) {
  return openPositions(store, trader).filter((row) => row.symbol === symbol).flatMap((row) => [
    { price: row.exit_plan?.profit_target, title: "target", colour: "up" },
    { price: row.exit_plan?.stop_loss, title: "stop", colour: "down" },
    { price: row.liquidation_price, title: "liquidation", colour: "warn" },
  ]).filter((one) => typeof one.price === "number");
}
