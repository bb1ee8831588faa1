// Backtests and sweeps that the data directory keeps; two of them can be compared.

import { h } from "../dom.js";
import { change, count, number, tone } from "../format.js";
import { moment, utc } from "../moment.js";
import { RunCompare } from "../run_compare.js";
import { runId, RunList, runUrl } from "../run_feed.js";
import { empty, loading } from "../states.js";
import { Table } from "../table.js";
import { choose, chosen } from "../view_state.js";

const WARNED = new Set(["incomplete", "unfinished", "broken"]);
const PICKED = ["", "; choose one more to compare", "; two are compared above"];
const KINDS = { backtests: "backtest", sweeps: "sweep" };

export class Runs {
  needs = [];
  #compared = "";
  #runs = null;
  #shown = "";

  constructor() {
    this.picked = [chosen("a"), chosen("b")].filter(Boolean);
    this.table = new Table({ caption: "Runs, the newest report first", columns: this.#columns(), sort: null });
    this.hint = h("p", { class: "muted", role: "status", id: "run-sum" });
    this.more = h("button", { class: "button more", type: "button", hidden: true, onclick: () => this.list.more() }, "Show more");
    this.body = h("div", {});
    this.beside = h("div", {});
    this.element = h("div", {}, h("h1", {}, "Runs"), this.beside,
      h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Backtests and sweeps")), this.hint, this.body, this.more,
        h("p", { class: "note" }, "Folders in backtests and sweeps of the data directory. Choose two to compare them.")));
    this.list = new RunList(() => this.update());
    this.#compare();
  }

  update() {
    const { data, error } = this.list;
    if (!data?.runs.length) {
      this.hint.textContent = "";
      this.more.hidden = true;
      this.body.replaceChildren(this.#nothing(data, error));
      return;
    }
    const { runs, total } = data;
    const sentence = `${count(total)} ${total === 1 ? "run" : "runs"}${runs.length < total ? `, the newest ${number(runs.length, 0)} of them here` : ""}${PICKED[this.picked.length]}`;
    if (this.hint.textContent !== sentence) this.hint.textContent = sentence; // it speaks when it is written
    this.more.hidden = this.list.isAll;
    if (!this.table.element.isConnected) this.body.replaceChildren(this.table.element);
    const shown = JSON.stringify(this.picked);
    if (runs === this.#runs && shown === this.#shown) return; // other parts of the page change every few seconds
    this.#runs = runs;
    this.#shown = shown;
    this.table.show(runs);
  }

  destroy() {
    this.list.destroy();
    this.compared?.destroy();
  }

  #nothing(data, error) {
    if (data) return empty("No runs yet", "nof0 backtest CONFIG --from DAY --to DAY makes one.");
    return error ? empty("The list of runs cannot be read", `The API says: ${error.message}.`) : loading("runs");
  }

  /** Takes a run into the comparison or out of it; a third one takes the place of the first. */
  #pick(id) {
    this.picked = this.picked.includes(id) ? this.picked.filter((one) => one !== id) : [...this.picked, id].slice(-2);
    choose("a", this.picked[0] ?? "");
    choose("b", this.picked[1] ?? "");
    this.#compare();
    this.update();
  }

  #compare() {
    const wanted = this.picked.length === 2 ? JSON.stringify(this.picked) : "";
    if (wanted === this.#compared) return;
    this.#compared = wanted;
    this.compared?.destroy();
    this.compared = wanted ? new RunCompare([...this.picked]) : null;
    this.beside.replaceChildren(...(this.compared ? [this.compared.element] : []));
  }

  #columns() {
    return [
      { key: "run", label: "Run", lead: true, class: "run-name", value: (row) => row.name, cell: (row) => [
        row.has_page ? h("a", { href: runUrl(runId(row), true), target: "_blank", rel: "noopener", dataset: { key: `page:${runId(row)}` } }, h("bdi", {}, row.name)) : h("bdi", {}, row.name),
        h("span", { class: "badge" }, KINDS[row.kind] ?? row.kind), row.state === "complete" ? null : h("span", { class: `badge ${WARNED.has(row.state) ? "warn" : ""}` }, row.state),
        row.reason ? h("span", { class: "sub" }, h("bdi", {}, row.reason)) : null] },
      { key: "window", label: "Window, UTC", class: "tight", value: (row) => row.start, cell: (row) => (row.start ? [day(row.start), h("span", { class: "sub" }, "to ", day(row.end))] : "–") },
      { key: "traders", label: "Traders", num: true, value: (row) => row.traders, cell: (row) => count(row.traders) },
      { key: "best", label: "Best return", num: true, value: (row) => row.best?.return_pct ?? null, cell: (row) => (row.best ? [h("span", { class: tone(row.best.return_pct) }, change(row.best.return_pct)), h("span", { class: "sub best-name" }, h("bdi", {}, row.best.name))] : "–") },
      { key: "written", label: "Written", class: "tight", value: (row) => row.changed, cell: (row) => moment(row.changed, { short: true }) },
      { key: "compare", label: "Compare", cell: (row) => this.#button(row) },
    ];
  }

  #button(row) {
    const id = runId(row);
    const at = this.picked.indexOf(id);
    if (!row.has_report) return h("span", { class: "muted" }, row.has_page ? "page only" : "no report");
    return h("button", { class: "button", type: "button", "aria-pressed": String(at >= 0), "aria-label": `Compare ${row.name}`, dataset: { key: `compare:${id}` }, onclick: () => this.#pick(id) }, at < 0 ? "Compare" : `as ${"AB"[at]}`);
  }
}

/** A moment of a report, as far as it is one. */
const day = (text) => {
  const at = Date.parse(text);
  return Number.isNaN(at) ? text : utc(at / 1000, { short: true }).replace(" +00:00", "");
};
