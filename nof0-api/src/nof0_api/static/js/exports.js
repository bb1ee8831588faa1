// The stream of new exports. Where there is none, the page asks by its schedule, as it does anyway.

export class Exports {
  #source = null;

  /** Calls `listener(number)` for each new export, while the page is seen. */
  constructor(listener) {
    this.listener = listener;
    document.addEventListener("visibilitychange", () => this.#follow());
    // A page that is left must not hold its place on the server.
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", () => this.#follow());
    this.#follow();
  }

  #follow() {
    if (document.hidden) this.#close();
    else if (!this.#source || this.#source.readyState === EventSource.CLOSED) {
      this.#source = new EventSource("api/events");
      this.#source.onmessage = (event) => this.listener(JSON.parse(event.data).export);
    }
  }

  #close() {
    this.#source?.close();
    this.#source = null;
  }
}
