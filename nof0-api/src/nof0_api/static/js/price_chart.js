// Prices of one coin with what a trader did there. The library is fetched when first needed.

import { h } from "./dom.js";
import { price } from "./format.js";
import { utc } from "./moment.js";
import { colour, onTheme } from "./theme.js";

export class PriceChart {
  #library = null;
  #chart = null;
  #series = null;
  #kind = null;
  #markers = null;
  #levels = [];
  #shown = { label: "", isCandles: false, prices: [], markers: [], levels: [] };
  #isGone = false;

  constructor() {
    this.canvas = h("div", { class: "price-chart", role: "img", "aria-label": "Price with trades" });
    this.element = h("div", {}, this.canvas);
    this.stop = onTheme(() => this.#paint());
  }

  /**
   * Shows `prices` (oldest first: {time, open, high, low, close} for candles, else {time, value}),
   * `markers` (as the library wants them) and price `levels` ({price, title, colour}). `label` says
   * what is shown; all of it is brought into view when the label changes.
   */
  async show({ label, isCandles, prices, markers, levels }) {
    const isOther = label !== this.#shown.label;
    this.#shown = { label, isCandles, prices, markers, levels };
    this.canvas.setAttribute("aria-label", `${label}, ${markers.length} marks of entries, exits and decisions`);
    if (!this.#chart) await this.#open();
    if (this.#isGone) return;
    this.#choose();
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
    this.#chart = this.#library.createChart(this.canvas, {
      autoSize: true,
      // The logo brings an inline style, which the content policy refuses; its link is beneath.
      layout: { attributionLogo: false },
      localization: { priceFormatter: price, timeFormatter: (time) => utc(time) },
      timeScale: { timeVisible: true, secondsVisible: false },
      // The wheel scrolls the page; the chart is moved by dragging and zoomed on its axes.
      handleScroll: { vertTouchDrag: false, mouseWheel: false },
      handleScale: { mouseWheel: false },
      kineticScroll: { touch: false },
    });
  }

  /** Makes the series anew where candles take the place of a line, or the other way round. */
  #choose() {
    const { CandlestickSeries, LineSeries, createSeriesMarkers } = this.#library;
    const kind = this.#shown.isCandles ? CandlestickSeries : LineSeries;
    if (this.#kind === kind) return;
    this.#kind = kind;
    if (this.#series) this.#chart.removeSeries(this.#series);
    this.#levels = [];
    this.#series = this.#chart.addSeries(kind, { lineWidth: 2, priceLineVisible: false, borderVisible: false });
    this.#markers = createSeriesMarkers(this.#series, []);
  }

  #paint() {
    if (!this.#series) return;
    const { prices, markers, levels } = this.#shown;
    const [panel, muted, grid] = [colour("panel"), colour("muted"), colour("grid")];
    this.#chart.applyOptions({
      layout: { background: { color: panel }, textColor: muted },
      grid: { vertLines: { color: grid }, horzLines: { color: grid } },
      rightPriceScale: { borderColor: grid },
      timeScale: { borderColor: grid },
    });
    const [up, down] = [colour("up"), colour("down")];
    this.#series.applyOptions(this.#shown.isCandles
      ? { upColor: up, wickUpColor: up, downColor: down, wickDownColor: down }
      : { color: colour("accent") });
    this.#series.setData(prices);
    this.#markers.setMarkers(markers.map((one) => ({ ...one, color: colour(one.color) })));
    for (const level of this.#levels) this.#series.removePriceLine(level);
    this.#levels = levels.map((one) =>
      this.#series.createPriceLine({ price: one.price, title: one.title, color: colour(one.colour), lineStyle: 2, lineWidth: 1 }),
    );
  }
}
