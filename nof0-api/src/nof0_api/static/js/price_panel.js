// A trader's decisions on the price of one coin, with a choice of coins.

import { candlesOf, fitting, onBars } from "./candles.js";
import { h, refill } from "./dom.js";
import { coinsOf, levelsOf, marksOf, readable } from "./marks.js";
import { PriceChart } from "./price_chart.js";
import { pricesSeen } from "./series.js";
import { empty, missing } from "./states.js";
import { tradesOf } from "./trade_table.js";

const LINE = "line";
const NOTES = {
  candles: "Bars that traders were shown, closed ones only. ",
  line: "Prices as the API knows them: hourly marks, executions, the newest price. ",
};

export class PricePanel {
  #coin = null;
  #view = null; // an interval or the line, once the reader has chosen
  #drawn = "";

  constructor(store, trader) {
    this.store = store;
    this.trader = trader;
    this.chart = new PriceChart();
    this.coins = h("div", { class: "switch", role: "group", "aria-label": "Coin" });
    this.views = h("div", { class: "switch", role: "group", "aria-label": "Bars" });
    this.source = h("span", {});
    this.body = h("div", {});
    this.key = h("ul", { class: "markers" }, ["▲ long entry", "▼ short entry", "● exit with its net result", "■ refused by the risk gate", "dashed: target, stop, liquidation"].map((one) => h("li", {}, one)));
    this.element = h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Decisions on the price"), h("div", { class: "filters" }, this.views, this.coins)), this.body, this.key,
      h("p", { class: "note" }, this.source, "Chart by ",
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
    if (!coins.includes(this.#coin)) this.#coin = this.#busiest(coins);
    refill(this.coins, coins.map((coin) => h("button", { class: "button", type: "button", "aria-pressed": String(coin === this.#coin), dataset: { key: `coin:${coin}` }, onclick: () => this.#choose(coin) }, coin)));
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
    const view = views.includes(this.#view) ? this.#view : fitting(candles, marks) ?? LINE;
    refill(this.views, views.map((one) => h("button", { class: "button", type: "button", "aria-pressed": String(one === view), dataset: { key: `bars:${one}` }, onclick: () => this.#look(one) }, one)));
    const bars = candles.get(view);
    this.source.textContent = bars ? NOTES.candles : NOTES.line;
    return {
      label: `Price of ${coin}, ${bars ? `bars of ${view}` : LINE}`, isCandles: Boolean(bars),
      prices: bars ?? pricesSeen(store, coin), markers: readable(bars ? onBars(marks, bars) : marks), levels: levelsOf(store, trader, coin),
    };
  }

  destroy() {
    this.chart.destroy();
  }

  #choose(coin) {
    this.#coin = coin;
    this.update();
  }

  #look(view) {
    this.#view = view;
    this.update();
  }

  #busiest(coins) {
    const trades = tradesOf(this.store, this.trader);
    const count = (coin) => trades.filter((one) => one.symbol === coin).length;
    return coins.reduce((best, coin) => (count(coin) > count(best) ? coin : best));
  }
}
