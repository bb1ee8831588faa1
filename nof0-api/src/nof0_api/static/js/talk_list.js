// A list of cycles that grows on request and is only written anew when something in it changed.

import { h, refill } from "./dom.js";
import { talkKey, talkTime, talkView } from "./talk.js";


export class TalkList {
  #shown;
  #written = "";
  #talks = [];

  /** `step` cycles are shown at first; prompts are long, and a hundred make a phone slow. */
  constructor(store, { step = 20, ...options } = {}) {
    this.store = store;
    this.options = options;
    this.step = step;
    this.#shown = step;
    this.list = h("div", {});
    this.more = h("button", { class: "button more", type: "button", hidden: true, onclick: () => this.#grow() }, "Show older");
    this.element = h("div", {}, this.list, this.more);
  }

  /** Shows cycles, newest first; those of one moment stay as they came. */
  show(talks) {
    this.#talks = [...talks].sort((a, b) => talkTime(b) - talkTime(a));
    const shown = this.#talks.slice(0, this.#shown);
    this.more.hidden = this.#talks.length <= this.#shown;
    const written = JSON.stringify(shown.map((one) => [talkKey(one), one.summary]));
    if (written === this.#written) return;
    this.#written = written;
    refill(this.list, shown.map((one) => talkView(this.store, one, this.options)));
  }

  /** Starts again with the newest few, as after a change of filter. */
  reset() {
    this.#shown = this.step;
  }

  #grow() {
    this.#shown += this.step;
    this.show(this.#talks);
  }
}
