// One address of the API. Remembers the ETag, so that an unchanged answer costs no body.

const WAIT = 15000; // ms without a byte; then there is no answer. A long one may take its time on a slow line

export class Unreachable extends Error {
  /** `status` is 0 where no answer came at all. */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Aborts what was not heard of for WAIT. */
class Patience {
  #controller = new AbortController();
  #timer = null;

  constructor() {
    this.renew();
  }

  get signal() {
    return this.#controller.signal;
  }

  renew() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), WAIT);
  }

  end() {
    clearTimeout(this.#timer);
  }
}

/** The body of an answer as text; `heard` is called with each piece. */
async function textOf(answer, heard) {
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    heard();
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

export class Client {
  #etag = null;
  #url = null;

  /**
   * Asks for `url`.
   *
   * Returns `{body, age, export}`. `body` is null if nothing changed since the last answer to the same
   * address, `age` how many seconds ago the engine wrote it, or null if the server does not say,
   * `export` the number of the export that says so, 0 if there are no numbers.
   * Throws Unreachable.
   */
  async get(url, { isText = false } = {}) {
    if (url !== this.#url) this.#etag = null;
    const headers = this.#etag ? { "If-None-Match": this.#etag } : {};
    const patience = new Patience();
    let answer;
    try {
      // "no-store": the browser's own cache would hide whether the server still answers.
      answer = await fetch(url, { headers, cache: "no-store", signal: patience.signal });
    } catch {
      patience.end();
      throw new Unreachable("no answer", 0);
    }
    try {
      return await this.#read(url, answer, isText, patience);
    } finally {
      patience.end();
    }
  }

  async #read(url, answer, isText, patience) {
    const said = answer.headers.get("X-Data-Age") ?? answer.headers.get("Age");
    const about = { age: said === null ? null : Number(said), export: Number(answer.headers.get("Nof0-Export") ?? 0) };
    if (answer.status === 304) return { body: null, ...about };
    if (!answer.ok) throw new Unreachable(`status ${answer.status}`, answer.status);
    let body;
    try {
      const text = await textOf(answer, () => patience.renew());
      body = isText ? text : JSON.parse(text);
    } catch {
      throw new Unreachable("an answer that could not be read", answer.status);
    }
    this.#url = url;
    this.#etag = answer.headers.get("ETag");
    return { body, ...about };
  }

  /** Forgets the last answer, so that the next one comes in full. */
  forget() {
    this.#etag = null;
  }
}
