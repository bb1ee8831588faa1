// How the engine is, on every page: its state, who is not well, failed cycles, alerts.

import { h, refill } from "./dom.js";
import { count } from "./format.js";
import { moment } from "./moment.js";
import { standing, traderLink, usable } from "./traders.js";

const SHOWN = 20; // alerts; the rest is in the journal
const NAMED = 3; // of those who are not well, before anything is opened
const MOODS = { running: "good", ended: "", halted: "warn", stopping: "warn", failed: "bad", "not heard of": "bad" };
const NOTES = {
  ended: "these are its last numbers",
  halted: "by a person, with nof0 halt: no entries until nof0 resume",
  failed: "nothing is traded any more",
};

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
    const ranked = (this.store.data("leaderboard")?.leaderboard ?? []).map((row) => row.unranked_reason ?? null);
    const written = JSON.stringify({ ...status, ranked, serverTime: 0, engine: { ...status.engine, heartbeat: status.engine.state === "not heard of" ? status.engine.heartbeat : 0 } });
    if (written === this.#written) return;
    this.#written = written;
    refill(this.node, h("div", { class: "engine-line" }, this.#state(status.engine), this.#counts(status)), this.#notes(status.engine), this.#traders(status), this.#services(status), this.#alerts(status));
  }

  #state(engine) {
    const isLost = engine.state === "not heard of";
    return h("p", { class: "engine-state" },
      h("b", { class: `state-word ${MOODS[engine.state] ?? ""}`, dataset: { state: engine.state } }, engine.state === "ended" ? "Run finished" : `Engine ${engine.state}`),
      engine.reason ? h("span", {}, engine.reason) : null,
      NOTES[engine.state] ? h("span", { class: "muted" }, NOTES[engine.state]) : null,
      h("span", { class: "muted" }, isLost ? "last sign of life " : "since ", moment(isLost ? engine.heartbeat : engine.since, { short: true })));
  }

  /** What has to be known beside the results; an engine of an earlier version says nothing of it. */
  #notes({ notes }) {
    return (notes ?? []).map((note) => h("p", { class: "engine-note" }, "Note: ", note));
  }

  #counts({ traders, alerts }) {
    const words = {};
    for (const one of traders) words[one.status] = (words[one.status] ?? 0) + 1;
    const failed = total(traders, failures);
    const [good, asked] = [total(traders, (one) => one.usable_answers), total(traders, (one) => one.cycles)];
    const badge = (key, text, mood) => h("span", { class: `badge ${mood}`, dataset: { count: key } }, text);
    return h("p", { class: "engine-counts" },
      Object.entries(words).map(([word, number]) => badge(word, `${count(number)} ${word}`, word === "ok" ? "" : "warn")),
      asked ? badge("usable", `${count(good)} of ${count(asked)} answers usable`, good < asked ? "warn" : "") : null,
      failed ? badge("failed", `${count(failed)} ${failed === 1 ? "failed cycle" : "failed cycles"}`, "warn") : null,
      alerts.length ? badge("alerts", `${count(alerts.length)} ${alerts.length === 1 ? "alert" : "alerts"}`, "warn") : null);
  }

  /** All of them, those who are not well first; their names and words stand in the line that opens it. */
  #traders({ traders }) {
    const rows = [...traders].sort((a, b) => isUnwell(b) - isUnwell(a));
    const unwell = rows.filter(isUnwell).map((one) => `${one.id} ${trouble(one)}`);
    return fold("unwell", "Traders", unwell, rows.map((one) => this.#trader(one)));
  }

  #trader(one) {
    const unranked = standing(this.store, one.id)?.unranked_reason;
    const note = (text) => (text ? h("span", { class: "muted" }, text) : null);
    return h("li", { dataset: { trader: one.id } }, traderLink(this.store, one.id, "bar"), note(one.name === one.id ? "" : one.name),
      h("b", { class: isUnwell(one) ? "state-word warn" : null }, trouble(one)), one.reason ? h("span", {}, one.reason) : null,
      one.until ? h("span", { class: "muted" }, "until ", moment(one.until, { short: true })) : null,
      note(`${usable(one)} answers usable`), note(failures(one) ? reasons(one) : ""), note(unranked ? `not ranked: ${unranked}` : ""));
  }

  #services({ services }) {
    const rows = services.filter((one) => one.quarantine.length || (one.health && one.health.state !== "ok"));
    return fold("services", "Services", rows.map((one) => `${one.family} ${one.section}`), rows.map((one) => h("li", {}, h("b", {}, `${one.family} ${one.section}`), one.health && one.health.state !== "ok" ? h("span", {}, `${one.health.state}: ${one.health.sentence}`) : null, one.quarantine.map((entry) => h("span", {}, `in quarantine${entry.symbol ? ` (${entry.symbol})` : ""}: ${entry.verb}: ${entry.problem}`)))));
  }

  #alerts({ alerts }) {
    return fold("alerts", "Alerts", alerts.map((one) => one.message), alerts.slice(0, SHOWN).map((one) => h("li", {}, moment(one.time), h("b", {}, one.code.replaceAll("_", " ")), one.trader ? traderLink(this.store, one.trader, `alert${one.seq}`) : null, h("span", {}, one.message))));
  }
}

const total = (rows, of) => rows.reduce((sum, one) => sum + of(one), 0);

const failures = (trader) => Object.values(trader.failed_by_reason).reduce((sum, one) => sum + one, 0);

/** A model that was asked and never gave anything is dead, whatever the engine tries with it. */
const isDead = (trader) => trader.cycles > 0 && trader.usable_answers === 0;

const isUnwell = (trader) => trader.status !== "ok" || isDead(trader);

const trouble = (trader) => (trader.status === "ok" && isDead(trader) ? "no usable answer" : trader.status);

const reasons = (trader) => `failed cycles: ${Object.entries(trader.failed_by_reason).map(([word, number]) => `${word.replaceAll("_", " ")} ${count(number)}`).join(", ")}`;

/** Rows under a line that opens them and says the first of what is `named`. */
function fold(key, title, named, rows) {
  if (!rows.length) return null;
  const more = named.length > NAMED ? ` and ${count(named.length - NAMED)} more` : "";
  const said = named.length ? h("span", { class: "engine-named" }, named.slice(0, NAMED).join(" · "), more) : null;
  return h("details", { class: "engine-fold", dataset: { key: `engine:${key}` } }, h("summary", { dataset: { key: `engine:${key}:summary` } }, title, said ? ": " : null, said), h("ul", {}, rows));
}
