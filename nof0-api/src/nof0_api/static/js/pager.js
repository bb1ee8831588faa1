// Shows more of a long list on request.

import { h } from "./dom.js";

export class Pager {
  #shown;

  /** `step` rows at a time; `onchange` is called when more are to be shown. */
  constructor(step, onchange) {
    this.step = step;
    this.#shown = step;
    this.element = h("button", { class: "button more", type: "button", hidden: true, onclick: () => {
      this.#shown += step;
      onchange();
    } }, "Show more");
  }

  /** How many rows are to be shown of so many. */
  of(number) {
    this.element.hidden = number <= this.#shown;
    return this.#shown;
  }
}
