// All traders against each other and against holding bitcoin.

import { h } from "../dom.js";
import { change, number, usd } from "../format.js";
import { Leaderboard } from "../leaderboard.js";
import { LineChart } from "../line_chart.js";
import { equity, returns } from "../series.js";
import { empty, missing } from "../states.js";
import { BENCHMARK, colourName, label, tradersOf } from "../traders.js";

const MODES = {
  percent: { text: "%", title: "Return in percent", curve: returns, format: change, axis: (value) => `${number(value, 1)} %` },
  usd: { text: "$", title: "Equity in US dollars", curve: equity, format: usd, axis: (value) => `$${number(value, 0)}` },
};

export class Arena {
  needs = [];
  #mode = "percent";
  #drawn = "";

  constructor(store) {
    this.store = store;
    const { title, format } = MODES[this.#mode];
    this.chart = new LineChart({ label: title, format, height: 340 });
    this.board = new Leaderboard(store);
    this.buttons = Object.entries(MODES).map(([key, mode]) =>
      h("button", { class: "button", type: "button", "aria-pressed": String(key === this.#mode), "aria-label": mode.title, dataset: { mode: key }, onclick: () => this.#choose(key) }, mode.text));
    this.heading = h("h2", {}, title);
    this.body = h("div", {});
    this.element = h("div", {}, h("h1", {}, "Arena"),
      h("section", { class: "panel" }, h("header", {}, this.heading, h("div", { class: "switch end", role: "group", "aria-label": "Unit" }, this.buttons)), this.body,
        h("p", { class: "note" }, "Hourly points, fewer of a run longer than 750 hours, and the current one, UTC (+00:00). A step at a rebalancing is capital moved between traders; % leaves it out. The dashed line buys bitcoin at the start and holds it, without fees.")),
      this.board.element);
  }

  update() {
    this.board.update();
    const state = missing(this.store, "equity curves", "account-totals");
    const traders = tradersOf(this.store).filter((one) => this.store.totals.of(one).length);
    if (state || !traders.length) {
      this.body.replaceChildren(state ?? empty("No equity yet", "The first point comes with the first cycle of the engine."));
      return;
    }
    if (!this.chart.element.isConnected) this.body.replaceChildren(this.chart.element);
    const names = this.store.totals.of(BENCHMARK).length ? [...traders, BENCHMARK] : traders;
    const mode = MODES[this.#mode];
    const curves = names.map((name) => ({
      name: label(name), colour: colourName(this.store, name), points: mode.curve(this.store.totals.of(name)), dash: name === BENCHMARK ? [6, 4] : undefined,
    }));
    const drawn = JSON.stringify([this.#mode, curves]);
    if (drawn === this.#drawn) return; // a chart drawn anew would lose the pointer
    const isOther = !this.#drawn.startsWith(`["${this.#mode}"`);
    this.#drawn = drawn;
    this.chart.show(curves, isOther ? { label: mode.title, format: mode.format, axis: mode.axis } : {});
  }

  destroy() {
    this.chart.destroy();
  }

  #choose(key) {
    this.#mode = key;
    this.heading.textContent = MODES[key].title;
    this.chart.canvas.setAttribute("aria-label", MODES[key].title);
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.mode === key));
    this.update();
  }
}
