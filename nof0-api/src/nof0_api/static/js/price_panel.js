// A trader's decisions on the price of one coin, with a choice of coin, span and bars.

import { candlesOf, fitting } from "./candles.js";
import { h, refill } from "./dom.js";
import { MarkList } from "./mark_list.js";
import { coinsOf, decisionBehind, firstCoin, levelsOf, marksOf } from "./marks.js";
import { openPositions } from "./position_table.js";
import { PriceChart } from "./price_chart.js";
import { pricesSeen } from "./series.js";
import { empty, missing } from "./states.js";
import { Switch } from "./switch.js";
import { choose, chosen } from "./view_state.js";

const LINE = "line";
const NOTES = {
  candles: "Bars that traders were shown, closed ones only. ",
  line: "Prices as the API knows them: hourly marks, executions, the newest price. ",
};
const SPANS = {
  all: { text: "All", title: "From the first trade on", hours: Infinity },
  "7d": { text: "7 d", title: "The last 7 days", hours: 168 },
  "24h": { text: "24 h", title: "The last 24 hours", hours: 24 },
};
const KEY = ["▲ long entry", "▼ short entry", "● exit: stop, target or close, with its net result", "■ refused by the risk gate", "×3 several: click for the list", "dashed: target, stop, liquidation"];
const HELP = "Wheel with Ctrl or ⌘ zooms, dragging moves. With the keyboard: ← → bar by bar, Page Up and Page Down from mark to mark, Enter lists them, + − 0 zoom. ";

export class PricePanel {
  #coin = chosen("coin") || null; // what the reader chose, or what was opened on
  #view = chosen("bars") || null; // an interval or the line, once the reader has chosen
  #drawn = "";

  constructor(store, trader) {
    this.store = store;
    this.trader = trader;
    this.chart = new PriceChart((marks) => this.list.open(marks));
    this.list = new MarkList((mark) => decisionBehind(store, trader, this.#coin, mark), () => this.chart.canvas.focus({ preventScroll: true }));
    this.coins = h("div", { class: "switch", role: "group", "aria-label": "Coin" });
    this.views = h("div", { class: "switch", role: "group", "aria-label": "Bars" });
    this.span = new Switch({ name: "span", label: "Span", options: SPANS, onchange: () => this.update() });
    this.source = h("span", {});
    this.body = h("div", {});
    this.key = h("ul", { class: "markers" }, KEY.map((one) => h("li", {}, one)));
    this.element = h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Decisions on the price"), h("div", { class: "filters" }, this.coins, this.span.element, this.views, this.chart.zoom)), this.body, this.list.element, this.key,
      h("p", { class: "note" }, this.source, HELP, "Chart by ",
        h("a", { href: "https://www.tradingview.com/", rel: "noopener noreferrer" }, "TradingView"), "."));
  }

  update() {
    const state = missing(this.store, "prices", "trades", "positions");
    const coins = coinsOf(this.store, this.trader);
    this.key.hidden = Boolean(state) || !coins.length;
    if (state || !coins.length) {
      this.body.replaceChildren(state ?? empty("No decision on any coin yet", "Entries and exits appear here on the price."));
      return;
    }
    if (!coins.includes(this.#coin)) this.#coin = firstCoin(this.store, this.trader, coins);
    const held = new Set(openPositions(this.store, this.trader).map((one) => one.symbol));
    refill(this.coins, coins.map((coin) => h("button", { class: "button", type: "button", "aria-pressed": String(coin === this.#coin), title: held.has(coin) ? `${coin} is held` : null, dataset: { key: `coin:${coin}` }, onclick: () => this.#choose(coin) }, coin)));
    if (!this.chart.element.isConnected) this.body.replaceChildren(this.chart.element);
    this.store.follow(this.#coin);
    const shown = this.#shown();
    const drawn = JSON.stringify(shown);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.chart.show(shown);
  }

  /** What the chart has to draw; candles where there are any, unless the line was chosen. */
  #shown() {
    const { store, trader } = this;
    const coin = this.#coin;
    const marks = marksOf(store, trader, coin);
    const candles = candlesOf(store, coin);
    const views = candles.size ? [...candles.keys(), LINE] : [];
    const newest = Math.max(...[...candles.values()].map((bars) => bars.at(-1).time), marks.at(-1)?.time ?? 0);
    const { hours } = SPANS[this.span.value];
    const from = hours === Infinity ? null : newest - hours * 3600;
    const view = views.includes(this.#view) ? this.#view : fitting(candles, from ?? marks[0]?.time ?? -Infinity) ?? LINE;
    refill(this.views, views.map((one) => h("button", { class: "button", type: "button", "aria-pressed": String(one === view), dataset: { key: `bars:${one}` }, onclick: () => this.#look(one) }, one)));
    const bars = candles.get(view);
    const prices = bars ?? pricesSeen(store, coin);
    const drawn = marks.filter((mark) => prices.length && mark.time >= prices[0].time);
    const older = marks.length - drawn.length;
    this.source.textContent = `${bars ? NOTES.candles : NOTES.line}${older ? `${older} older ${older === 1 ? "mark is" : "marks are"} not drawn. ` : ""}`;
    return {
      label: `Price of ${coin}, ${bars ? `bars of ${view}` : LINE}`, isCandles: Boolean(bars), from,
      prices, marks: drawn, levels: levelsOf(store, trader, coin),
    };
  }

  destroy() {
    this.chart.destroy();
  }

  #choose(coin) {
    this.#coin = coin;
    choose("coin", coin);
    this.list.show([]);
    this.update();
  }

  #look(view) {
    this.#view = view;
    choose("bars", view);
    this.list.show([]);
    this.update();
  }
}
