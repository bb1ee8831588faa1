// A list of cycles that grows on request and is only written anew when something in it changed.

import { h, refill } from "./dom.js";
import { count } from "./format.js";
import { moment } from "./moment.js";
import { failureWords, runsOf } from "./outcome.js";
import { talkKey, talkTime, talkView } from "./talk.js";
import { fold } from "./texts.js";
import { traderLink } from "./traders.js";
import { cycleAddress } from "./view_state.js";

export class TalkList {
  #shown;
  #written = "";
  #talks = [];
  #options = {};

  /** `step` cards are shown at first; prompts are long, and a hundred make a phone slow. */
  constructor(store, { step = 20, ...options } = {}) {
    this.store = store;
    this.options = options;
    this.step = step;
    this.#shown = step;
    this.list = h("div", {});
    this.more = h("button", { class: "button more", type: "button", hidden: true, onclick: () => this.#grow() }, "Show older");
    this.element = h("div", {}, this.list, this.more);
  }

  /** Shows cycles, newest first; those of one moment stay as they came. `options`: `wanted`, or `isFolded` false. */
  show(talks, options = {}) {
    this.#talks = [...talks].sort((a, b) => talkTime(b) - talkTime(a));
    this.#options = options;
    const runs = options.isFolded === false ? this.#talks.map((talk) => ({ kind: "", talks: [talk] })) : runsOf(this.#talks);
    const shown = runs.slice(0, this.#shown);
    this.more.hidden = runs.length <= this.#shown;
    const written = JSON.stringify([options, shown.map(({ talks: all }) => all.map((one) => [talkKey(one), one.summary]))]);
    if (written === this.#written) return;
    this.#written = written;
    refill(this.list, shown.map((run) => (run.isRun ? this.#folded(run) : talkView(this.store, run.talks[0], { ...this.options, ...options }))));
  }

  /** Starts again with the newest few, as after a change of filter. */
  reset() {
    this.#shown = this.step;
  }

  #grow() {
    this.#shown += this.step;
    this.show(this.#talks, this.#options);
  }

  /** A line for cycles in which nothing was decided; opened, each has a line that leads to it. */
  #folded({ kind, talks }) {
    const number = talks.length === 1 ? "1 cycle" : `${count(talks.length)} cycles`;
    const title = kind === "empty" ? `${number} without a decision` : `${number.replace(" cycle", " more cycle")} that failed`;
    const key = `run:${talkKey(talks.at(-1))}`;
    return h("div", { class: `talk run ${kind}` }, fold(key, [title, " · ", moment(talkTime(talks.at(-1)), { short: true }), talks.length > 1 ? [" to ", moment(talkTime(talks[0]), { short: true })] : null].flat(), () =>
      h("ul", { class: "plain" }, talks.map((one) => h("li", {}, this.options.trader === false ? null : traderLink(this.store, one.model_id, `${key}:${talkTime(one)}`),
        h("a", { href: cycleAddress(one.model_id, talkTime(one)) }, moment(talkTime(one))), h("span", { class: "muted" }, kind === "failed" ? `${failureWords(one)}: ${one.summary ?? ""}` : one.summary))))));
  }
}
