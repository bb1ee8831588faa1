// Prices of one coin with what a trader did there. The library is fetched when first needed.

import { h } from "./dom.js";
import { price } from "./format.js";
import { utc } from "./moment.js";
import { colour, onTheme } from "./theme.js";

export class PriceChart {
  #library = null;
  #chart = null;
  #line = null;
  #markers = null;
  #levels = [];
  #shown = { symbol: "", prices: [], markers: [], levels: [] };
  #isGone = false;

  constructor() {
    this.canvas = h("div", { class: "price-chart", role: "img", "aria-label": "Price with trades" });
    this.element = h("div", {}, this.canvas);
    this.stop = onTheme(() => this.#paint());
  }

  /**
   * Shows `prices` ({time, value}, oldest first), `markers` (as the library wants them) and price
   * `levels` ({price, title, colour}).
   */
  async show({ symbol, prices, markers, levels }) {
    const isOther = symbol !== this.#shown.symbol;
    this.#shown = { symbol, prices, markers, levels };
    this.canvas.setAttribute("aria-label", `Price of ${symbol}, ${markers.length} marks of entries, exits and decisions`);
    if (!this.#chart) await this.#open();
    if (this.#isGone) return;
    this.#paint();
    if (isOther) this.#chart.timeScale().fitContent();
  }

  destroy() {
    this.#isGone = true;
    this.stop();
    this.#chart?.remove();
  }

  async #open() {
    this.#library ??= await import("../vendor/lightweight-charts/lightweight-charts.standalone.production.mjs");
    if (this.#chart || this.#isGone) return;
    const { createChart, createSeriesMarkers, LineSeries } = this.#library;
    this.#chart = createChart(this.canvas, {
      autoSize: true,
      // The logo brings an inline style, which the content policy refuses; its link is beneath.
      layout: { attributionLogo: false },
      localization: { priceFormatter: price, timeFormatter: (time) => utc(time) },
      timeScale: { timeVisible: true, secondsVisible: false },
      handleScroll: { vertTouchDrag: false },
      kineticScroll: { touch: false },
    });
    this.#line = this.#chart.addSeries(LineSeries, { lineWidth: 2, priceLineVisible: false });
    this.#markers = createSeriesMarkers(this.#line, []);
  }

  #paint() {
    if (!this.#chart) return;
    const { prices, markers, levels } = this.#shown;
    const [panel, muted, grid] = [colour("panel"), colour("muted"), colour("grid")];
    this.#chart.applyOptions({
      layout: { background: { color: panel }, textColor: muted },
      grid: { vertLines: { color: grid }, horzLines: { color: grid } },
      rightPriceScale: { borderColor: grid },
      timeScale: { borderColor: grid },
    });
    this.#line.applyOptions({ color: colour("accent") });
    this.#line.setData(prices);
    this.#markers.setMarkers(markers.map((one) => ({ ...one, color: colour(one.color) })));
    for (const level of this.#levels) this.#line.removePriceLine(level);
    this.#levels = levels.map((one) =>
      this.#line.createPriceLine({ price: one.price, title: one.title, color: colour(one.colour), lineStyle: 2, lineWidth: 1 }),
    );
  }
}
