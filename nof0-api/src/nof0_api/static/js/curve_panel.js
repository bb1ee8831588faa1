// A panel with one chart, which is only drawn anew when its points changed.

import { h } from "./dom.js";
import { LineChart } from "./line_chart.js";
import { empty } from "./states.js";

export class CurvePanel {
  #drawn = "";

  constructor({ title, ...options }) {
    this.chart = new LineChart({ height: 220, ...options });
    this.body = h("div", {});
    this.element = h("section", { class: "panel" }, h("header", {}, h("h2", {}, title)), this.body);
  }

  /** Shows curves as LineChart takes them; without a point it says that there is none. */
  show(curves) {
    if (!curves.some((one) => one.points.length)) {
      this.body.replaceChildren(empty("Nothing to draw yet", "The first point comes with the first cycle."));
      return;
    }
    if (!this.chart.element.isConnected) this.body.replaceChildren(this.chart.element);
    const drawn = JSON.stringify(curves);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.chart.show(curves);
  }

  destroy() {
    this.chart.destroy();
  }
}
