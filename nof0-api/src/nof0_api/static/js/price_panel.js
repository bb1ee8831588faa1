// A trader's decisions on the price of one coin, with a choice of coins.

import { h, refill } from "./dom.js";
import { coinsOf, levelsOf, marksOf } from "./marks.js";
import { PriceChart } from "./price_chart.js";
import { pricesSeen } from "./series.js";
import { empty, missing } from "./states.js";
import { tradesOf } from "./trade_table.js";

export class PricePanel {
  #coin = null;
  #drawn = "";

  constructor(store, trader) {
    this.store = store;
    this.trader = trader;
    this.chart = new PriceChart();
    this.coins = h("div", { class: "switch", role: "group", "aria-label": "Coin" });
    this.body = h("div", {});
    this.key = h("ul", { class: "markers" }, ["▲ long entry", "▼ short entry", "● exit with its net result", "■ refused by the risk gate", "dashed: target, stop, liquidation"].map((one) => h("li", {}, one)));
    this.element = h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Decisions on the price"), this.coins), this.body, this.key,
      h("p", { class: "note" }, "Prices as the API knows them: hourly marks, executions, the newest price. Chart by ",
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
    const shown = {
      symbol: this.#coin, prices: pricesSeen(this.store, this.#coin),
      markers: marksOf(this.store, this.trader, this.#coin), levels: levelsOf(this.store, this.trader, this.#coin),
    };
    const drawn = JSON.stringify(shown);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.chart.show(shown);
  }

  destroy() {
    this.chart.destroy();
  }

  #choose(coin) {
    this.#coin = coin;
    this.update();
  }

  #busiest(coins) {
    const trades = tradesOf(this.store, this.trader);
    const count = (coin) => trades.filter((one) => one.symbol === coin).length;
    return coins.reduce((best, coin) => (count(coin) > count(best) ? coin : best));
  }
}
