// Two runs beside each other: what they rest on, what one unit of capital became, figures with their difference.

import { h, refill } from "./dom.js";
import { change, isKnown, NONE, number, tone } from "./format.js";
import { LineChart } from "./line_chart.js";
import { curveOf, FIGURES, grounds, INTERVALS, points, range, tradersOf } from "./run_figures.js";
import { RunReport, runUrl } from "./run_feed.js";
import { differing } from "./run_settings.js";
import { empty } from "./states.js";
import { Table } from "./table.js";
import { choose, chosen } from "./view_state.js";

const SIDES = ["a", "b"];
const COLOURS = ["s0", "s1"];
const short = (text, isDigest) => (isDigest && text.length > 16 ? h("span", { title: text }, `${text.slice(0, 12)}…`) : text);

export class RunCompare {
  #drawn = "";

  /** `ids` are two runs, `kind/name`. */
  constructor(ids) {
    this.ids = ids;
    this.chart = new LineChart({ label: "Return in percent", format: change, axis: (value, digits) => `${number(value, digits)} %`, height: 280, hasEnds: true });
    this.reports = ids.map((id) => new RunReport(id, () => this.update()));
    this.selects = SIDES.map((side) => h("select", { onchange: (event) => { choose(`trader_${side}`, event.target.value); this.update(); } }));
    this.figures = new Table({ caption: "Figures of two runs", columns: this.#columns(), sort: null, name: "figures" });
    this.traders = new Table({ caption: "Returns of all traders in two runs", columns: this.#traderColumns(), sort: null, name: "compared" });
    this.grounds = new Table({ caption: "What two runs rest on", columns: groundColumns(), sort: null, name: "grounds", rowClass: (row) => (row.isSame ? null : "apart") });
    this.settings = new Table({ caption: "Settings that differ", columns: settingColumns(), sort: null, name: "settings" });
    this.apart = h("div", {});
    this.note = h("p", { class: "note" });
    this.body = h("div", {});
    this.element = h("section", { class: "panel compare", "aria-labelledby": "compare-title" },
      h("header", {}, h("h2", { id: "compare-title" }, "Two runs compared")),
      h("dl", { class: "compared" }, ids.map((id, at) => [h("dt", {}, h("span", { class: `side side-${SIDES[at]}` }, SIDES[at].toUpperCase())), h("dd", {}, h("a", { href: runUrl(id, true), target: "_blank", rel: "noopener" }, h("bdi", {}, id)), h("label", {}, " Trader ", this.selects[at]))])),
      this.body);
    this.update();
  }

  update() {
    const failed = this.reports.find((one) => one.error && !one.data);
    if (failed) {
      const why = failed.error.status === 404 ? "There is no such run, or it has no report yet." : `The report cannot be read (${failed.error.message}).`;
      this.body.replaceChildren(empty(failed.id, why));
      return;
    }
    if (this.reports.some((one) => !one.data)) {
      this.body.replaceChildren(h("div", { class: "state", "aria-busy": "true" }, "Loading two reports …"));
      return;
    }
    const reports = this.reports.map((one) => one.data);
    const all = reports.map(tradersOf);
    const content = [h("h3", {}, "What they rest on"), this.grounds.element];
    this.grounds.show(grounds(...reports));
    content.push(h("h3", {}, "Settings that differ"), this.apart);
    this.#showSettings(...reports.map((one) => one.settings));
    if (all.every((traders) => traders.length)) {
      const [a, b] = this.#chosen(all);
      content.unshift(this.chart.element, this.note, h("h3", {}, "Figures"), this.figures.element, h("h3", {}, "Return of each trader"), this.traders.element);
      this.#draw(a, b, reports);
      this.figures.show(FIGURES.map((one) => ({ ...one, one: a, other: b })));
      const names = [...new Set(all.flat().map((one) => one.id))];
      this.traders.show(names.map((id) => ({ id, a: returnOf(all[0], id), b: returnOf(all[1], id) })));
    } else content.unshift(empty("There are no traders to compare", "At least one of these reports tells of none; its own page shows what it has."));
    if (!this.grounds.element.isConnected || this.body.childElementCount !== content.length) this.body.replaceChildren(...content);
  }

  destroy() {
    this.chart.destroy();
    for (const one of this.reports) one.destroy();
  }

  #showSettings(a, b) {
    const rows = differing(a, b);
    const why = rows ? "None: both were made with the same settings." : "At least one of these reports does not tell its settings: it is of an older version or of another command.";
    if (rows?.length) this.settings.show(rows);
    this.apart.replaceChildren(rows?.length ? this.settings.element : h("p", { class: "note" }, why));
  }

  /** The trader of each side: as the address says, else one that both have, the best of A. */
  #chosen(all) {
    const shared = all[0].filter((one) => all[1].some((other) => other.id === one.id));
    const best = (shared.length ? shared : all[0]).reduce((top, one) => ((one.return_pct ?? -Infinity) > (top.return_pct ?? -Infinity) ? one : top)).id;
    return all.map((traders, at) => {
      const wanted = chosen(`trader_${SIDES[at]}`, best);
      const found = traders.find((one) => one.id === wanted) ?? traders.find((one) => one.id === best) ?? traders[0];
      const select = this.selects[at];
      if (select.childElementCount !== traders.length) refill(select, traders.map((one) => h("option", { value: one.id }, one.id)));
      select.value = found.id;
      return found;
    });
  }

  #draw(a, b, reports) {
    const [one, other] = [curveOf(a), curveOf(b)];
    // Runs of other times are laid over each other by the time since they began.
    const isApart = one.length && other.length && (one.at(-1)[0] < other[0][0] || other.at(-1)[0] < one[0][0]);
    const by = isApart ? one[0][0] - other[0][0] : 0;
    const curves = [[one, a], [other.map(([time, value]) => [time + by, value]), b]].map(([points, trader], at) => ({ name: `${SIDES[at].toUpperCase()} ${trader.id}`, colour: COLOURS[at], points }));
    this.note.textContent = `Time-weighted return in percent, hour by hour, UTC (+00:00).${isApart ? " The windows do not meet: B is drawn as if it had begun when A did." : ""}${reports.some((each) => each.is_complete === false) ? " One of them was stopped: it was not checked for look-ahead." : ""}`;
    const drawn = JSON.stringify(curves);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.chart.show(curves);
  }

  #columns() {
    const side = (at, name) => ({ key: name, label: name.toUpperCase(), num: true, cell: (row) => {
      const trader = at ? row.other : row.one;
      return [row.format(known(row.value(trader))), h("span", { class: "sub" }, range(INTERVALS[row.key]?.(trader)) ?? "")];
    } });
    return [{ key: "label", label: "Figure", lead: true, cell: (row) => row.label }, side(0, "a"), side(1, "b"),
      { key: "difference", label: "B − A", num: true, cell: (row) => difference(row, known(row.value(row.one)), known(row.value(row.other))) }];
  }

  #traderColumns() {
    const side = (name) => ({ key: name, label: name.toUpperCase(), num: true, value: (row) => row[name], cell: (row) => change(row[name]) });
    const apart = (row) => (isKnown(row.a) && isKnown(row.b) ? row.b - row.a : null);
    return [{ key: "trader", label: "Trader", lead: true, value: (row) => row.id, cell: (row) => h("bdi", {}, row.id) }, side("a"), side("b"),
      { key: "apart", label: "B − A", num: true, value: apart, cell: (row) => h("span", { class: tone(apart(row)) }, points(apart(row))) }];
  }
}

const known = (value) => (isKnown(value) ? value : null);
const returnOf = (traders, id) => known(traders.find((one) => one.id === id)?.return_pct);
const difference = (row, one, other) => (one === null || other === null ? NONE : row.difference(other - one));

function settingColumns() {
  const side = (name) => ({ key: name, label: name.toUpperCase(), class: "wide", cell: (row) => h("bdi", {}, row[name]) });
  return [{ key: "key", label: "Key", lead: true, cell: (row) => h("bdi", {}, row.key) }, side("a"), side("b")];
}

function groundColumns() {
  const side = (name) => ({ key: name, label: name.toUpperCase(), class: "wide", cell: (row) => short(row[name], row.isDigest) });
  return [{ key: "label", label: "Ground", lead: true, cell: (row) => [row.label, row.isSame ? h("span", { class: "badge" }, "same") : h("span", { class: "badge warn" }, "differs")] }, side("a"), side("b")];
}
