// A chart of curves over time, with a legend that shows the values under the pointer and switches
// curves on and off. Arrow keys move the pointer.

import { digitsOf, reach, stepOf, ticksBetween } from "./axis.js";
import { h } from "./dom.js";
import { drawEndLabels, roomFor } from "./end_labels.js";
import { NONE } from "./format.js";
import { utc } from "./moment.js";
import { colour, onTheme, styled } from "./theme.js";

const uPlot = globalThis.uPlot;
const inUtc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");

/** A time on the axis, as long as the distance of its neighbours in seconds asks for. */
function tickLabel(time, step) {
  const [day, clock] = utc(time, { short: true }).split(" ");
  if (step < 86400) return `${day.slice(5)} ${clock}`;
  return step < 30 * 86400 ? day.slice(5) : day;
}

/** A single point gets an hour around it; the library would show years. */
const timeRange = (plot, from, to) => (plot.data[0].length === 1 ? [plot.data[0][0] - 1800, plot.data[0][0] + 1800] : [from, to]);

export class LineChart {
  #curves = [];
  #plot = null;
  #hidden = new Set();
  #signature = "";
  #values = new Map();

  /**
   * `format` writes a value, `axis(value, digits)` a label of the scale, `label` says what the chart
   * shows. With `hasEnds` name and value stand at the end of each curve.
   */
  constructor({ label, format, axis = format, height = 300, hasEnds = false }) {
    this.options = { label, format, axis, height, hasEnds, isLog: false };
    this.canvas = h("div", {
      class: "chart", tabindex: "0", role: "img", "aria-label": label, onkeydown: (event) => this.#step(event),
      onfocus: () => this.legend.setAttribute("aria-live", "polite"),
      onblur: () => this.legend.setAttribute("aria-live", "off"),
    });
    this.time = h("p", { class: "legend-time" });
    this.legend = h("div", { class: "legend", role: "group", "aria-label": "Curves; press one to hide it" });
    this.element = h("div", {}, this.canvas, this.legend);
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.canvas);
    this.stop = onTheme(() => this.#build());
  }

  /**
   * Shows curves `{name, colour, points, dash, fill}`; `label`, `format`, `axis` and `isLog` may change
   * with them. On a logarithmic scale all values are above zero.
   */
  show(curves, options = {}) {
    Object.assign(this.options, options);
    this.canvas.setAttribute("aria-label", this.options.label);
    this.#curves = curves;
    const signature = JSON.stringify(curves.map((one) => [one.name, one.colour]));
    if (this.#plot && signature === this.#signature && !options.format) this.#plot.setData(this.#aligned());
    else this.#build();
    this.#signature = signature;
    this.#read(null);
  }

  destroy() {
    this.observer.disconnect();
    this.stop();
    this.#plot?.destroy();
  }

  /** Puts all curves on one time axis; where a curve has no point its value is null. */
  #aligned() {
    const times = [...new Set(this.#curves.flatMap((one) => one.points.map(([time]) => time)))].sort((a, b) => a - b);
    return [times, ...this.#curves.map((one) => {
      const known = new Map(one.points);
      return times.map((time) => known.get(time) ?? null);
    })];
  }

  #build() {
    this.#plot?.destroy();
    const { axis, format, height, hasEnds, isLog } = this.options;
    const width = Math.max(200, this.canvas.clientWidth);
    const [muted, grid] = [colour("muted"), colour("grid")];
    const scale = { stroke: muted, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const series = this.#curves.map((one) => ({
      label: one.name, stroke: colour(one.colour), width: one.dash ? 1.5 : 2, dash: one.dash, spanGaps: true,
      points: { show: one.points.length === 1 }, show: !this.#hidden.has(one.name),
      fill: one.fill ? `${colour(one.colour)}26` : undefined,
    }));
    this.#plot = new uPlot({
      width, height, tzDate: inUtc, legend: { show: false },
      padding: [10, hasEnds ? (plot) => roomFor(this.#curves, format, plot.width) : 26, 0, 0],
      scales: { x: { time: true, range: timeRange }, y: { distr: isLog ? 3 : 1, range: (_, low, high) => reach(low, high, isLog) } },
      cursor: { drag: { x: true, y: false }, focus: { prox: 24 } }, focus: { alpha: 0.35 },
      axes: [{ ...scale, size: 30, space: 92, values: (_, ticks, __, ___, step) => ticks.map((tick) => tickLabel(tick, step)) }, {
        ...scale, size: 64, splits: (_, __, low, high) => ticksBetween(low, high, isLog),
        values: (_, ticks) => ticks.map((tick) => axis(tick, digitsOf(stepOf(ticks)))),
        filter: (_, ticks) => ticks, // a logarithmic axis would leave out most of them
      }],
      series: [{}, ...series],
      hooks: { setCursor: [(plot) => this.#read(plot.cursor.idx ?? null)], draw: hasEnds ? [(plot) => drawEndLabels(plot, this.#curves, format)] : [] },
    }, this.#aligned(), this.canvas);
    this.#writeLegend();
  }

  #writeLegend() {
    this.#values.clear();
    const buttons = this.#curves.map((one, index) => {
      const value = h("span", { class: "value" });
      this.#values.set(one.name, value);
      return h("button", {
        class: "button", type: "button", "aria-pressed": String(!this.#hidden.has(one.name)),
        dataset: { key: `curve:${one.name}` }, onclick: (event) => this.#toggle(event.currentTarget, one.name, index),
      }, h("span", { class: "dot", vars: { dot: styled(one.colour) } }), one.name, value);
    });
    const focused = this.legend.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.legend.replaceChildren(this.time, ...buttons);
    if (focused) buttons.find((one) => one.dataset.key === focused)?.focus({ preventScroll: true });
    this.#read(null);
  }

  #toggle(button, name, index) {
    const isShown = this.#hidden.has(name);
    if (isShown) this.#hidden.delete(name);
    else this.#hidden.add(name);
    button.setAttribute("aria-pressed", String(isShown));
    this.#plot.setSeries(index + 1, { show: isShown });
  }

  /** Writes the values at a point of the axis, or the newest ones. */
  #read(index) {
    const times = this.#plot?.data[0] ?? [];
    const at = index === null ? times.at(-1) : times[index];
    this.time.textContent = at === undefined ? "" : `${index === null ? "Newest" : "At"} ${utc(at, { short: true })}`;
    for (const one of this.#curves) {
      // A curve may have no point at this very moment; its last one before then holds.
      const before = one.points.findLast(([time]) => time <= at);
      const target = this.#values.get(one.name);
      if (target) target.textContent = before ? this.options.format(before[1]) : NONE;
    }
  }

  #step(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -24, PageDown: 24 }[event.key];
    const times = this.#plot?.data[0] ?? [];
    if (!step || !times.length) return;
    event.preventDefault();
    const from = this.#plot.cursor.idx ?? times.length;
    const index = Math.min(times.length - 1, Math.max(0, from + step));
    this.#plot.setCursor({ left: this.#plot.valToPos(times[index], "x"), top: 10 });
  }

  #resize() {
    const width = this.canvas.clientWidth;
    if (this.#plot && width > 0 && Math.abs(width - this.#plot.width) > 1) {
      this.#plot.setSize({ width, height: this.options.height });
    }
  }
}
