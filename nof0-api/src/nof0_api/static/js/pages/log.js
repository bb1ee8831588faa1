// What a person should look at: alerts, failed cycles by reason, services and how far exporters are.

import { Choice } from "../choice.js";
import { h, refill } from "../dom.js";
import { count } from "../format.js";
import { moment } from "../moment.js";
import { Pager } from "../pager.js";
import { empty, missing } from "../states.js";
import { Table } from "../table.js";
import { traderLink, usable } from "../traders.js";

const words = (code) => code.replaceAll("_", " ");
const failed = (row) => Object.values(row.failed_by_reason).reduce((sum, one) => sum + one, 0);

export class Log {
  needs = [];
  #written = "";

  constructor(store) {
    this.store = store;
    this.code = new Choice({ label: "Alert", name: "alert", all: "all", onchange: () => this.update() });
    this.trader = new Choice({ label: "Trader", name: "trader", all: "all", onchange: () => this.update() });
    this.pager = new Pager(50, () => {
      this.#written = "";
      this.update();
    });
    this.alerts = h("div", {});
    this.cycles = h("div", {});
    this.services = h("div", {});
    this.table = new Table({ caption: "Failed cycles by reason", name: "failed", columns: [
      { key: "id", label: "Trader", lead: true, value: (row) => row.id, cell: (row) => traderLink(store, row.id, "failed") },
      { key: "usable", label: "Usable answers", num: true, value: (row) => (row.cycles ? row.usable_answers / row.cycles : null), cell: usable },
      { key: "failed", label: "Failed cycles", num: true, value: failed, cell: (row) => count(failed(row)) },
      { key: "reasons", label: "By reason", cell: (row) => Object.entries(row.failed_by_reason).sort((a, b) => b[1] - a[1]).map(([word, number]) => `${words(word)} ${count(number)}`).join(" · ") || "none" },
      { key: "now", label: "Now", value: (row) => row.status, cell: (row) => [h("span", { class: row.status === "ok" ? null : "state-word warn" }, row.status), row.reason ? h("span", { class: "sub" }, row.reason) : null] },
    ] });
    this.element = h("div", {}, h("h1", {}, "Log"),
      h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Alerts"), h("div", { class: "filters end", role: "group", "aria-label": "Filters" }, this.code.element, this.trader.element)), this.alerts,
        h("p", { class: "note" }, "The newest 100; the journal has all of them: nof0 journal list --type alert.")),
      h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Failed cycles")), this.cycles, this.pager.element),
      h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Services")), this.services));
  }

  update() {
    const status = this.store.data("status");
    if (!status?.engine) {
      this.#written = "";
      for (const part of [this.alerts, this.cycles, this.services]) part.replaceChildren(missing(this.store, "the log", "status") ?? empty("Nothing is known yet", "The engine tells of itself with its first export."));
      return;
    }
    const written = JSON.stringify([status.alerts, status.traders, status.services, status.exporters, this.code.value, this.trader.value]);
    if (written === this.#written) return;
    this.#written = written;
    this.code.offer([...new Set(status.alerts.map((one) => one.code))].sort());
    this.trader.offer([...new Set(status.alerts.map((one) => one.trader).filter(Boolean))].sort());
    this.#alerts(status.alerts);
    if (!this.table.element.isConnected) this.cycles.replaceChildren(this.table.element);
    this.table.show([...status.traders].sort((a, b) => failed(b) - failed(a)), this.pager.of(status.traders.length));
    this.#services(status);
  }

  destroy() {}

  #alerts(all) {
    const rows = all.filter((one) => (!this.code.value || one.code === this.code.value) && (!this.trader.value || one.trader === this.trader.value));
    if (!rows.length) {
      this.alerts.replaceChildren(all.length ? empty("No alert matches", "Choose other filters.") : empty("No alerts", "Nothing has happened that a person should look at."));
      return;
    }
    refill(this.alerts, h("ul", { class: "log" }, rows.map((one) => h("li", { dataset: { seq: one.seq } }, moment(one.time), h("b", {}, words(one.code)), one.trader ? traderLink(this.store, one.trader, `log${one.seq}`) : null, one.symbol ? h("span", { class: "badge" }, one.symbol) : null, h("span", { class: "log-text" }, one.message), h("span", { class: "muted" }, `record ${one.seq}`)))));
  }

  #services({ services, exporters }) {
    const lag = (one) => (one.family === "exporter" && one.section in (exporters ?? {}) ? `${count(exporters[one.section])} records behind` : "");
    refill(this.services, h("ul", { class: "log" }, services.map((one) => h("li", { dataset: { service: one.section } },
      h("b", {}, `${one.family} ${one.section}`), h("span", { class: one.health && one.health.state !== "ok" ? "state-word warn" : "muted" }, one.health?.state ?? "says nothing of itself"),
      one.health?.sentence ? h("span", { class: "log-text" }, one.health.sentence) : null, lag(one) ? h("span", { class: "muted" }, lag(one)) : null,
      one.quarantine.map((entry) => h("span", { class: "state-word warn" }, `in quarantine${entry.symbol ? ` (${entry.symbol})` : ""}: ${entry.verb}: ${entry.problem}`)),
      Object.entries(one.figures ?? {}).map(([name, value]) => h("span", { class: "badge" }, `${words(name)} ${value}`))))));
  }
}
