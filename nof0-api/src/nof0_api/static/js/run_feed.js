// Runs of backtests and sweeps. They are no part of an export: they are asked for when their page opens, and
// again as long as it is seen.

import { Client } from "./client.js";

const EVERY = 15000; // ms
const STEP = 50; // runs shown at first
const MOST = 1000; // as the API allows

/** The address of a run's report, and with `page` that of its page; a name may have any letters. */
export const runUrl = (id, page = false) => {
  const [kind, ...name] = id.split("/");
  const path = `${encodeURIComponent(kind)}/${encodeURIComponent(name.join("/"))}`;
  return page ? `runs/${path}/report.html` : `api/runs/${path}`;
};

export const runId = (run) => `${run.kind}/${run.name}`;

/**
 * One address that is asked every now and then, or with `every` 0 once; `listener` is called after each answer that
 * says something new.
 */
export class Asked {
  data = null;
  error = null;
  #client = new Client();
  #isGone = false;

  constructor(url, listener, every = EVERY) {
    this.url = url;
    this.listener = listener;
    this.ask();
    this.timer = every ? setInterval(() => document.hidden || this.ask(), every) : null;
  }

  /** Asks for an address from now on. */
  move(url) {
    this.url = url;
    this.ask();
  }

  async ask() {
    const url = this.url;
    let changed = this.error !== null;
    try {
      const { body } = await this.#client.get(url);
      if (url !== this.url) return; // another one was chosen meanwhile
      changed ||= body !== null;
      this.data = body ?? this.data;
      this.error = null;
    } catch (error) {
      if (url !== this.url) return;
      this.error = error;
      changed = true;
    }
    if (changed && !this.#isGone) this.listener();
  }

  destroy() {
    this.#isGone = true;
    clearInterval(this.timer);
  }
}

/** The list of runs, `{runs, total}` in `data` once it is there. */
export class RunList extends Asked {
  #most = STEP;

  constructor(listener) {
    super(`api/runs?limit=${STEP}`, listener);
  }

  more() {
    this.#most = Math.min(MOST, this.#most * 4); // a long list is read in a few steps
    this.move(`api/runs?limit=${this.#most}`);
  }

  get isAll() {
    return (this.data?.runs.length ?? 0) >= Math.min(MOST, this.data?.total ?? 0);
  }
}

/** The report of one run in `data`; what was asked for once does not change while it is looked at. */
export class RunReport extends Asked {
  constructor(id, listener) {
    super(runUrl(id), listener, 0);
    this.id = id;
  }
}
