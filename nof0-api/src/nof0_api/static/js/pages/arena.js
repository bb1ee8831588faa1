// All traders against each other and against holding bitcoin.

import { h } from "../dom.js";
import { Feed } from "../feed.js";
import { change, number, usd } from "../format.js";
import { Leaderboard } from "../leaderboard.js";
import { LineChart } from "../line_chart.js";
import { pictureOf } from "../logos.js";
import { equity, growth, positive, returns, since } from "../series.js";
import { empty, missing } from "../states.js";
import { Switch } from "../switch.js";
import { BENCHMARK, colourName, label, tradersOf } from "../traders.js";

const UNITS = {
  percent: { text: "%", title: "Return in percent", curve: returns, format: change, axis: (value, digits) => `${number(value, digits)} %` },
  usd: { text: "$", title: "Equity in US dollars", curve: equity, format: usd, axis: (value, digits) => `$${number(value, digits)}` },
};
// A loss has no logarithm: what is drawn is what 100 became, written as the return it is.
const LOG = {
  percent: { curve: growth, format: (value) => change(value - 100), axis: (value, digits) => `${number(value - 100, digits)} %` },
  usd: { curve: (rows) => positive(equity(rows)) },
};
const RANGES = {
  all: { text: "All", title: "All of the run", hours: Infinity },
  "72h": { text: "72 h", title: "The last 72 hours", hours: 72 },
  "24h": { text: "24 h", title: "The last 24 hours", hours: 24 },
};
const SCALES = { linear: { text: "Lin", title: "Linear scale" }, log: { text: "Log", title: "Logarithmic scale" } };

export class Arena {
  needs = ["decisions", "positions", "newest-trades"];
  #drawn = "";
  #made = "";
  #shown = "";

  constructor(store) {
    this.store = store;
    const onchange = () => this.update();
    this.range = new Switch({ name: "range", label: "Range", options: RANGES, onchange });
    this.scale = new Switch({ name: "scale", label: "Scale", options: SCALES, onchange });
    this.unit = new Switch({ name: "unit", label: "Unit", options: UNITS, onchange });
    this.chart = new LineChart({ label: UNITS[this.unit.value].title, format: change, height: 360, hasEnds: true });
    this.feed = new Feed(store);
    this.board = new Leaderboard(store);
    this.heading = h("h2", {});
    this.body = h("div", {});
    this.element = h("div", {}, h("h1", {}, "Arena"),
      h("div", { class: "arena" }, h("section", { class: "panel" }, h("header", {}, this.heading, h("div", { class: "filters end" }, this.range.element, this.scale.element, this.unit.element)), this.body,
        h("p", { class: "note" }, "Hourly points, fewer of a run longer than 750 hours, and the current one, UTC (+00:00). Returns count from the start of the run in every range. A step at a rebalancing is capital moved between traders; % leaves it out. The dashed line buys bitcoin at the start and holds it, without fees.")), this.feed.element),
      this.board.element);
  }

  update() {
    this.board.update();
    this.feed.update();
    const unit = UNITS[this.unit.value];
    this.heading.textContent = unit.title;
    const state = missing(this.store, "equity curves", "account-totals");
    const traders = tradersOf(this.store).filter((one) => this.store.totals.of(one).length);
    if (state || !traders.length) {
      this.body.replaceChildren(state ?? empty("No equity yet", "The first point comes with the first cycle of the engine."));
      return;
    }
    if (!this.chart.element.isConnected) this.body.replaceChildren(this.chart.element);
    const isLog = this.scale.value === "log";
    const mode = { ...unit, ...(isLog ? LOG[this.unit.value] : {}) };
    const from = this.store.totals.newest - RANGES[this.range.value].hours * 3600;
    const names = this.store.totals.of(BENCHMARK).length ? [...traders, BENCHMARK] : traders;
    const shown = [this.unit.value, this.scale.value, this.range.value].join();
    // Of hundreds of traders curves are long: they are made when something in them may have changed.
    const made = JSON.stringify([shown, this.store.totals.version, names.map((name) => [name, colourName(this.store, name), pictureOf(name) !== null])]);
    if (made === this.#made) return;
    this.#made = made;
    const curves = names.map((name) => ({
      name: label(name), colour: colourName(this.store, name), points: since(mode.curve(this.store.totals.of(name)), from), dash: name === BENCHMARK ? [6, 4] : undefined, logo: pictureOf(name) && name,
    }));
    const drawn = JSON.stringify([shown, curves]);
    if (drawn === this.#drawn) return; // a chart drawn anew would lose the pointer
    const isOther = shown !== this.#shown;
    this.#drawn = drawn;
    this.#shown = shown;
    this.chart.show(curves, isOther ? { label: unit.title, format: mode.format, axis: mode.axis, isLog } : {});
  }

  destroy() {
    this.chart.destroy();
  }
}
