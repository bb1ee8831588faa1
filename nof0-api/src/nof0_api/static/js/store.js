// What the API said last, kept fresh by polling and by news of exports. Pages say which parts they
// need; what they see of them is of one export.

import { Agreement } from "./agreement.js";
import { Client } from "./client.js";
import { Exports } from "./exports.js";
import { parseMetrics } from "./metrics.js";
import { addressOf, EVERY } from "./parts.js";
import { starts, Totals } from "./totals.js";

const SLOWEST = 60; // seconds between attempts while nothing answers

export class Store {
  totals = new Totals();
  #parts = new Map();
  #listeners = new Set();
  #needed = new Set();
  #coin = ""; // whose candles are asked for
  #isQueued = false;
  #agreement = new Agreement();
  #export = null; // the number of what is shown

  constructor() {
    for (const name of Object.keys(EVERY)) {
      const part = { name, data: null, fresh: undefined, export: null, error: null, gotAt: null, age: null, failures: 0, dueAt: 0, busy: false };
      this.#parts.set(name, { ...part, client: new Client() });
    }
    setInterval(() => this.#tick(), 500);
    new Exports((number) => this.#export !== null && number !== this.#export && this.retry());
    // What was lost or came back with the network is asked for at once.
    for (const change of ["online", "offline"]) addEventListener(change, () => this.retry());
    // A page that nobody sees asks nothing; when it is seen again it asks at once.
    document.addEventListener("visibilitychange", () => this.#tick());
  }

  /** Polls these parts and no others. */
  need(names) {
    this.#needed = new Set(names);
    this.#tick();
  }

  /** Asks for the candles of this coin from now on. */
  follow(coin) {
    if (coin === this.#coin) return;
    this.#coin = coin;
    const part = this.#parts.get("candles");
    Object.assign(part, { data: null, fresh: undefined, export: null, dueAt: 0 });
    this.#tick();
  }

  /** The newest answer of a part, or null. */
  data(name) {
    return this.#parts.get(name).data;
  }

  /** The error that stands in the way of a part that was never read, or null. */
  problem(...names) {
    const failed = names.map((name) => this.#parts.get(name)).find((part) => !part.data && part.error);
    return failed?.error ?? null;
  }

  /** Whether all these parts were read at least once. */
  has(...names) {
    return names.every((name) => this.#parts.get(name).data !== null);
  }

  /** How the connection does: since when the API is silent, how old the data is, in seconds. */
  get health() {
    const parts = [...this.#needed].map((name) => this.#parts.get(name)).filter((part) => part.name !== "metrics");
    const failing = parts.filter((part) => part.error);
    const got = parts.map((part) => part.gotAt).filter((at) => at !== null);
    const ages = parts.filter((part) => part.age !== null).map((part) => part.age + (Date.now() - part.gotAt) / 1000);
    return {
      error: failing[0]?.error ?? null,
      lastAnswer: got.length ? Math.max(...got) / 1000 : null,
      silence: failing.length && got.length ? (Date.now() - Math.min(...failing.map((p) => p.gotAt ?? Date.now()))) / 1000 : 0,
      retryIn: failing.length ? Math.max(0, Math.min(...failing.map((p) => p.dueAt)) - Date.now()) / 1000 : 0,
      age: ages.length ? Math.min(...ages) : null,
    };
  }

  /** Asks for everything needed at once, whatever the schedule says. */
  retry() {
    for (const name of this.#needed) this.#parts.get(name).dueAt = 0;
    this.#tick();
  }

  /** Calls `listener` after changes, at most once per frame; returns how to stop that. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tick() {
    if (document.hidden) return;
    for (const name of this.#needed) {
      const part = this.#parts.get(name);
      if (part.name === "candles" && !this.#coin) continue;
      if (!part.busy && Date.now() >= part.dueAt) this.#ask(part);
    }
  }

  async #ask(part) {
    part.busy = true;
    const url = this.#url(part);
    try {
      const answer = await part.client.get(url, { isText: part.name === "metrics" });
      part.error = null;
      part.failures = 0;
      part.gotAt = Date.now();
      part.dueAt = Date.now() + EVERY[part.name] * 1000;
      // Another coin may have been chosen while this one's candles were on their way.
      if (part.name === "candles" && url !== this.#url(part)) part.dueAt = 0;
      else if (answer.body !== null || part.fresh !== undefined || part.data !== null) this.#take(part, answer);
      else {
        // Unchanged, yet no longer kept here: ask for all of it.
        part.client.forget();
        part.dueAt = 0;
      }
    } catch (error) {
      part.error = error;
      part.failures += 1;
      part.dueAt = Date.now() + Math.min(SLOWEST, 2 ** part.failures) * 1000;
      this.#announce();
    } finally {
      part.busy = false;
    }
    this.#agree();
  }

  /** Shows what has come when all of it is of one export; else asks again for what is older. */
  #agree() {
    const parts = [...this.#needed].map((name) => this.#parts.get(name)).filter((part) => part.name !== "metrics" && (part.name !== "candles" || this.#coin));
    const { isOne, behind } = this.#agreement.look(parts);
    if (isOne) {
      this.#export = parts.find((part) => part.export !== null)?.export ?? null;
      for (const part of parts) if (part.fresh !== undefined) this.#show(part);
      this.#announce();
    }
    if (behind.length) {
      for (const part of behind) part.dueAt = 0;
      this.#tick();
    }
  }

  #url(part) {
    if (part.name === "account-totals") return this.totals.url;
    if (part.name === "candles") return `api/candles?symbol=${encodeURIComponent(this.#coin)}`;
    return part.name === "metrics" ? "metrics" : `api/${addressOf(part.name, (this.data("leaderboard")?.leaderboard ?? []).length)}`;
  }

  #take(part, answer) {
    part.export = answer.export;
    if (answer.age !== null) part.age = answer.age;
    if (answer.body === null) return;
    part.fresh = part.name === "metrics" ? parseMetrics(answer.body) : answer.body;
    if (part.name === "metrics") this.#show(part);
  }

  #show(part) {
    const body = part.fresh;
    part.fresh = undefined;
    if (part.name === "account-totals" && !this.totals.merge(body)) this.#readTotalsAnew();
    if (part.name === "since-inception-values" && part.data && starts(part.data) !== starts(body)) {
      this.#readTotalsAnew(); // another run writes to the same place
    }
    // The rows of the totals live in `totals`; keeping every answer too would keep them twice.
    part.data = part.name === "account-totals" ? true : body;
  }

  #readTotalsAnew() {
    this.totals.clear();
    const part = this.#parts.get("account-totals");
    part.client.forget();
    part.dueAt = 0;
  }

  #announce() {
    if (this.#isQueued) return;
    this.#isQueued = true;
    requestAnimationFrame(() => {
      this.#isQueued = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
