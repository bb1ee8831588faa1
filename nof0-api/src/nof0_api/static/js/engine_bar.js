// How the engine is, on every page: its state, who is not well, failed cycles, alerts.

import { h, refill } from "./dom.js";
import { count } from "./format.js";
import { moment } from "./moment.js";
import { traderLink } from "./traders.js";

const SHOWN = 20; // alerts; the rest is in the journal
const MOODS = { running: "good", ended: "", halted: "warn", stopping: "warn", failed: "bad", "not heard of": "bad" };

export class EngineBar {
  #written = "";

  constructor(node, store) {
    this.node = node;
    this.store = store;
  }

  update() {
    const status = this.store.data("status");
    this.node.hidden = !status?.engine;
    if (!status?.engine) return;
    // The heartbeat alone is no news, and what is open should not be closed for it.
    const written = JSON.stringify({ ...status, serverTime: 0, engine: { ...status.engine, heartbeat: status.engine.state === "not heard of" ? status.engine.heartbeat : 0 } });
    if (written === this.#written) return;
    this.#written = written;
    refill(this.node, h("div", { class: "engine-line" }, this.#state(status.engine), this.#counts(status)), this.#traders(status), this.#services(status), this.#alerts(status));
  }

  #state(engine) {
    const isLost = engine.state === "not heard of";
    return h("p", { class: "engine-state" },
      h("b", { class: `state-word ${MOODS[engine.state] ?? ""}`, dataset: { state: engine.state } }, `Engine ${engine.state}`),
      engine.reason ? h("span", {}, engine.reason) : null,
      h("span", { class: "muted" }, isLost ? "last sign of life " : "since ", moment(isLost ? engine.heartbeat : engine.since, { short: true })));
  }

  #counts({ traders, alerts }) {
    const words = {};
    for (const one of traders) words[one.status] = (words[one.status] ?? 0) + 1;
    const failed = traders.reduce((sum, one) => sum + failures(one), 0);
    const badge = (key, number, text, mood) => (number ? h("span", { class: `badge ${mood}`, dataset: { count: key } }, `${count(number)} ${text}`) : null);
    return h("p", { class: "engine-counts" },
      Object.entries(words).map(([word, number]) => badge(word, number, word, word === "ok" ? "" : "warn")),
      badge("failed", failed, failed === 1 ? "failed cycle" : "failed cycles", "warn"),
      badge("alerts", alerts.length, alerts.length === 1 ? "alert" : "alerts", "warn"));
  }

  #traders({ traders }) {
    const rows = traders.filter((one) => one.status !== "ok" || failures(one));
    return fold("unwell", "Traders", rows.map((one) => h("li", {}, traderLink(this.store, one.id, "bar"), h("b", {}, one.status), one.reason ? h("span", {}, one.reason) : null, one.until ? h("span", { class: "muted" }, "until ", moment(one.until, { short: true })) : null, failures(one) ? h("span", { class: "muted" }, reasons(one)) : null)));
  }

  #services({ services }) {
    const rows = services.filter((one) => one.quarantine.length || (one.health && one.health.state !== "ok"));
    return fold("services", "Services", rows.map((one) => h("li", {}, h("b", {}, `${one.family} ${one.section}`), one.health && one.health.state !== "ok" ? h("span", {}, `${one.health.state}: ${one.health.sentence}`) : null, one.quarantine.map((entry) => h("span", {}, `in quarantine${entry.symbol ? ` (${entry.symbol})` : ""}: ${entry.verb}: ${entry.problem}`)))));
  }

  #alerts({ alerts }) {
    return fold("alerts", "Alerts", alerts.slice(0, SHOWN).map((one) => h("li", {}, moment(one.time), h("b", {}, one.code.replaceAll("_", " ")), one.trader ? traderLink(this.store, one.trader, `alert${one.seq}`) : null, h("span", {}, one.message))));
  }
}

const failures = (trader) => Object.values(trader.failed_by_reason).reduce((sum, one) => sum + one, 0);

const reasons = (trader) => `failed cycles: ${Object.entries(trader.failed_by_reason).map(([word, number]) => `${word.replaceAll("_", " ")} ${count(number)}`).join(", ")}`;

function fold(key, title, rows) {
  if (!rows.length) return null;
  return h("details", { class: "engine-fold", dataset: { key: `engine:${key}` } }, h("summary", {}, title), h("ul", {}, rows));
}
