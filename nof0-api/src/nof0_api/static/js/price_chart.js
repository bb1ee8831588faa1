// Prices of one coin with what a trader did there. The library is fetched when first needed.

import { h, refill } from "./dom.js";
import { price } from "./format.js";
import { barAt, clustersOf, markersOf } from "./mark_clusters.js";
import { utc } from "./moment.js";
import { readout } from "./price_readout.js";
import { colour, onTheme } from "./theme.js";

const ZOOM = 1.4; // one press, or one turn of the wheel with Ctrl or Cmd
const FEWEST = 8; // bars that are always in view

export class PriceChart {
  #library = null;
  #chart = null;
  #series = null;
  #kind = null;
  #markers = null;
  #levels = [];
  #shown = { label: "", isCandles: false, prices: [], marks: [], levels: [], from: null };
  #clusters = [];
  #drawn = "";
  #at = null; // the bar the reader points at; null for the newest
  #isGone = false;

  /** `onopen(marks)` is called where the reader opens marks. */
  constructor(onopen) {
    this.onopen = onopen;
    this.canvas = h("div", { class: "price-chart", role: "img", tabindex: "0", "aria-label": "Price with trades", onkeydown: (event) => this.#key(event), onfocus: () => this.readout.setAttribute("aria-live", "polite"), onblur: () => this.readout.setAttribute("aria-live", "off") });
    this.canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false, capture: true });
    this.readout = h("p", { class: "readout" });
    const press = (text, title, act) => h("button", { class: "button", type: "button", title, "aria-label": title, onclick: act }, text);
    this.zoom = h("div", { class: "switch", role: "group", "aria-label": "Zoom" },
      press("+", "Zoom in", () => this.#zoom(1 / ZOOM)), press("−", "Zoom out", () => this.#zoom(ZOOM)), press("Fit", "Show all of the span", () => this.#fit()));
    this.element = h("div", { class: "price" }, this.readout, this.canvas);
    this.stop = onTheme(() => this.#paint());
  }

  /**
   * Shows `prices` (oldest first: {time, open, high, low, close, volume} for candles, else {time, value}),
   * `marks` (as marks.js has them) and price `levels` ({price, title, colour}). `label` says what is shown;
   * when it changes, all from the moment `from` on is brought into view.
   */
  async show(shown) {
    const isOther = shown.label !== this.#shown.label || shown.from !== this.#shown.from;
    this.#shown = shown;
    if (isOther) this.#at = null;
    this.canvas.setAttribute("aria-label", `${shown.label}, ${shown.marks.length} marks of entries, exits and decisions`);
    if (!this.#chart) await this.#open();
    if (this.#isGone) return;
    this.#choose();
    this.#paint();
    if (isOther) this.#fit();
    this.#read();
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
      // The wheel scrolls the page; with Ctrl or Cmd it zooms, which is done here.
      handleScroll: { vertTouchDrag: false, mouseWheel: false },
      handleScale: { mouseWheel: false },
      kineticScroll: { touch: false },
    });
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.#mark());
    this.#chart.subscribeCrosshairMove((event) => {
      if (event.sourceEvent) this.#read(event.time === undefined ? null : barAt(this.#shown.prices, event.time));
    });
    this.#chart.subscribeClick((event) => event.time !== undefined && this.#openAt(barAt(this.#shown.prices, event.time)));
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
    const [panel, muted, grid] = [colour("panel"), colour("muted"), colour("grid")];
    this.#chart.applyOptions({ layout: { background: { color: panel }, textColor: muted }, grid: { vertLines: { color: grid }, horzLines: { color: grid } }, rightPriceScale: { borderColor: grid }, timeScale: { borderColor: grid } });
    const [up, down] = [colour("up"), colour("down")];
    this.#series.applyOptions(this.#shown.isCandles ? { upColor: up, wickUpColor: up, downColor: down, wickDownColor: down } : { color: colour("accent") });
    this.#series.setData(this.#shown.prices);
    this.#drawn = "";
    this.#mark();
    for (const level of this.#levels) this.#series.removePriceLine(level);
    this.#levels = this.#shown.levels.map((one) => this.#series.createPriceLine({ price: one.price, title: one.title, color: colour(one.colour), lineStyle: 2, lineWidth: 1 }));
  }

  /** Draws the marks, put together as the zoom asks for. */
  #mark() {
    if (!this.#markers) return;
    const range = this.#chart.timeScale().getVisibleLogicalRange();
    if (range) this.canvas.dataset.bars = Math.round(range.to - range.from);
    const spacing = this.#chart.timeScale().options().barSpacing;
    this.#clusters = clustersOf(this.#shown.marks, this.#shown.prices, spacing);
    const markers = markersOf(this.#clusters, spacing);
    const drawn = JSON.stringify(markers);
    if (drawn === this.#drawn) return; // a range changes with every pixel that is dragged
    this.#drawn = drawn;
    this.canvas.dataset.clusters = markers.length;
    this.#markers.setMarkers(markers.map((one) => ({ ...one, color: colour(one.color) })));
  }

  #clusterAt(index) {
    const reach = 10 / Math.max(0.01, this.#chart.timeScale().options().barSpacing);
    return this.#clusters.filter((one) => Math.abs(one.index - index) <= reach).sort((a, b) => Math.abs(a.index - index) - Math.abs(b.index - index))[0];
  }

  /** Tells of a bar, or of the newest one. */
  #read(index = this.#at) {
    const { prices } = this.#shown;
    const at = index === null || index < 0 ? prices.length - 1 : Math.min(index, prices.length - 1);
    refill(this.readout, readout(prices[at], index === null ? null : this.#clusterAt(at)));
  }

  #openAt(index) {
    this.onopen(this.#clusterAt(index)?.marks ?? []);
  }

  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    event.stopPropagation();
    this.#zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM);
  }

  #zoom(factor) {
    const scale = this.#chart?.timeScale();
    const range = scale?.getVisibleLogicalRange();
    if (!range) return;
    // Around what is pointed at, else around the newest bar in view.
    const last = this.#shown.prices.length - 1;
    const still = this.#at ?? Math.min(last, range.to);
    const width = Math.min(Math.max(FEWEST, (range.to - range.from) * factor), Math.max(FEWEST, last + 2));
    const part = (still - range.from) / (range.to - range.from);
    scale.setVisibleLogicalRange({ from: still - width * part, to: still + width * (1 - part) });
  }

  #fit() {
    const { prices, from } = this.#shown;
    const first = from === null ? 0 : Math.max(0, barAt(prices, from));
    if (first === 0) this.#chart?.timeScale().fitContent();
    else this.#chart?.timeScale().setVisibleLogicalRange({ from: first, to: prices.length });
  }

  #key(event) {
    const last = this.#shown.prices.length - 1;
    if (!this.#series || last < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const from = this.#at ?? last + 1;
    const marks = this.#clusters.map((one) => one.index);
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last, PageUp: marks.findLast((one) => one < from), PageDown: marks.find((one) => one > from) }[event.key];
    if (to !== undefined) this.#point(Math.min(last, Math.max(0, to)));
    else if (["+", "="].includes(event.key)) this.#zoom(1 / ZOOM);
    else if (event.key === "-") this.#zoom(ZOOM);
    else if (event.key === "0") this.#fit();
    else if (event.key === "Enter") this.#openAt(this.#at ?? last);
    else if (!["PageUp", "PageDown"].includes(event.key)) return;
    event.preventDefault();
  }

  #point(index) {
    this.#at = index;
    const bar = this.#shown.prices[index];
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    const by = index < range.from ? index - range.from - 1 : index > range.to ? index - range.to + 1 : 0;
    if (by) scale.setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
    this.#chart.setCrosshairPosition(bar.close ?? bar.value, bar.time, this.#series);
    this.#read();
  }
}
