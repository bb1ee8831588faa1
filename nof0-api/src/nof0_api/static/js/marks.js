// What a trader did with a coin, as marks on its price: entries, exits, and what was only asked for.

import { gain, times } from "./format.js";
import { openPositions } from "./position_table.js";
import { decisionsOf, talkTime, verdictOn } from "./talk.js";
import { tradesOf } from "./trade_table.js";

const MANY = 16; // a third of it on a phone
const NARROW = 760; // px, as in the stylesheet
const WORDS = { buy_to_enter: "long", sell_to_enter: "short", close: "close" };

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

/** Marks in order of time; `color` is the name of a variable of the stylesheet. */
export function marksOf(store, trader, symbol) {
  const marks = [];
  for (const one of tradesOf(store, trader).filter((row) => row.symbol === symbol)) {
    marks.push(entry(one.entry_time, one.quantity, one.leverage));
    marks.push({ time: Math.floor(one.exit_time), position: "inBar", shape: "circle", color: one.realized_net_pnl > 0 ? "up" : "down", text: gain(one.realized_net_pnl) });
  }
  for (const held of openPositions(store, trader).filter((row) => row.symbol === symbol)) {
    marks.push(entry(held.entry_time, held.quantity, held.leverage));
  }
  for (const talk of talksOf(store, trader)) {
    for (const [coin, one] of decisionsOf(talk)) {
      // What was carried out is marked by its execution; holding is not worth a mark.
      if (coin !== symbol || !WORDS[one.signal] || verdictOn(talk, coin, one.signal) !== "refused") continue;
      marks.push({ time: Math.floor(talkTime(talk)), position: "aboveBar", shape: "square", color: "warn", text: `${WORDS[one.signal]} refused` });
    }
  }
  return marks.sort((a, b) => a.time - b.time);
}

/** The same marks without words where there are many: they would cover each other and the price. */
export function readable(marks) {
  const many = innerWidth > NARROW ? MANY : MANY / 3;
  return marks.length > many ? marks.map((mark) => ({ ...mark, text: "" })) : marks;
}

function entry(time, quantity, leverage) {
  const isShort = quantity < 0;
  return {
    time: Math.floor(time), position: isShort ? "aboveBar" : "belowBar", shape: isShort ? "arrowDown" : "arrowUp",
    color: isShort ? "down" : "up", text: `${isShort ? "short" : "long"} ${times(leverage)}`,
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
