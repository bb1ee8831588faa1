// Account totals: one row per model and hour. After the first answer only new hours are asked for.

const POINTS = 750; // hours of each model in the first answer; a longer run comes evenly thinned out

export class Totals {
  #rows = new Map(); // model → Map of row id → row
  #sorted = new Map(); // model → rows, oldest first; made when asked for
  #read = -1;
  version = 0; // another one means other rows

  /** The address of what is not here yet. */
  get url() {
    // Markers count from each model's own start, so the youngest model decides what may be left out.
    const markers = this.models.map((model) => this.latest(model).since_inception_hourly_marker);
    return markers.length ? `api/account-totals?lastHourlyMarker=${Math.min(...markers)}` : `api/account-totals?points=${POINTS}`;
  }

  /** Takes an answer over. Returns false if it belongs to another run: then all must be read anew. */
  merge(answer) {
    const read = answer.lastHourlyMarkerRead ?? -1;
    if (read < this.#read) {
      this.clear();
      return false;
    }
    this.#read = read;
    this.version += 1;
    for (const row of answer.accountTotals ?? []) {
      if (!this.#rows.has(row.model_id)) this.#rows.set(row.model_id, new Map());
      this.#rows.get(row.model_id).set(row.id, row);
      this.#sorted.delete(row.model_id);
    }
    return true;
  }

  clear() {
    this.#rows.clear();
    this.#sorted.clear();
    this.#read = -1;
    this.version += 1;
  }

  get models() {
    return [...this.#rows.keys()];
  }

  /** Rows of one model, oldest first. */
  of(model) {
    if (!this.#rows.has(model)) return [];
    if (!this.#sorted.has(model)) {
      this.#sorted.set(model, [...this.#rows.get(model).values()].sort((a, b) => a.timestamp - b.timestamp));
    }
    return this.#sorted.get(model);
  }

  /** Newest row of one model, or null. */
  latest(model) {
    return this.of(model).at(-1) ?? null;
  }

  /** Time of the newest row of all, in seconds, or null. */
  get newest() {
    const times = this.models.map((model) => this.latest(model).timestamp);
    return times.length ? Math.max(...times) : null;
  }
}

/** The beginnings of all models as one text, to compare: another one is another run. */
export function starts(answer) {
  const known = (answer.sinceInceptionValues ?? []).map((row) => `${row.model_id}@${row.inception_date}`);
  // A model that joins later changes nothing for the others.
  return known.length ? known.sort()[0] : "";
}
