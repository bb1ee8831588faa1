// What models were shown and what they answered.

import { Choice } from "../choice.js";
import { h, refill } from "../dom.js";
import { count } from "../format.js";
import { moment } from "../moment.js";
import { hasFailed } from "../outcome.js";
import { SearchField } from "../search_field.js";
import { empty, missing } from "../states.js";
import { decisionsOf, neighbours, talkTime } from "../talk.js";
import { TalkList } from "../talk_list.js";
import { holds } from "../talk_search.js";
import { choose, chosen, cycleAddress } from "../view_state.js";

const ACTED = (talk) => decisionsOf(talk).some(([, one]) => one.signal !== "hold");
const KINDS = {
  "with decisions": (talk) => decisionsOf(talk).length > 0,
  "entries and closes": ACTED,
  failed: hasFailed,
  "every cycle": () => true,
};

export class Conversations {
  needs = ["conversations"];

  constructor(store) {
    this.store = store;
    const again = () => {
      this.list.reset();
      this.update();
    };
    this.trader = new Choice({ label: "Trader", name: "trader", all: "all", onchange: again });
    this.kind = new Choice({ label: "Show", name: "show", all: "decisions, others folded", onchange: again });
    this.kind.offer(Object.keys(KINDS));
    this.search = new SearchField({ label: "Search", name: "q", onchange: again });
    // The address may name one cycle by its moment.
    this.at = Number(chosen("at")) || null;
    this.covered = h("p", { class: "note", role: "status", id: "covered" });
    this.one = h("nav", { class: "filters steps", id: "one-cycle", "aria-label": "Cycle", hidden: !this.at });
    this.list = new TalkList(store, {});
    this.body = h("div", {});
    this.element = h("div", {}, h("h1", {}, "Conversations"),
      h("section", { class: "panel" }, h("div", { class: "filters", role: "group", "aria-label": "Filters" }, [this.trader.element, this.kind.element, this.search.element]),
        this.covered, this.one),
      this.body);
  }

  update() {
    const state = missing(this.store, "conversations", "conversations");
    const all = this.store.data("conversations")?.conversations ?? [];
    const wanted = this.search.value;
    this.trader.offer([...new Set(all.map((talk) => talk.model_id))].sort());
    const talks = all.filter((talk) => (!this.trader.value || talk.model_id === this.trader.value) && (!this.at || talkTime(talk) === this.at) && (this.at || this.#isWanted(talk)) && holds(talk, wanted));
    this.#say(all, talks, wanted);
    this.#steps(talks);
    if (state || !talks.length) {
      this.body.replaceChildren(state ?? (all.length ? empty("No cycle matches", this.at ? "This one is no longer among the newest; the journal has it." : "Choose other filters.") : empty("No conversations yet", "The first one comes with the first decision.")));
      return;
    }
    if (!this.list.element.isConnected) this.body.replaceChildren(this.list.element);
    this.list.show(talks, { wanted, isFolded: !this.at && !wanted && this.kind.value !== "every cycle" && this.kind.value !== "failed" });
  }

  destroy() {}

  /** What was looked through: those the API has, which are not all there ever were. */
  #say(all, talks, wanted) {
    const kept = `The API has ${count(all.length)} cycles, the newest of each trader; the journal keeps all of them.`;
    const text = !all.length ? "" : wanted ? `“${wanted}” is in ${count(talks.length)} of them: prompts, answers, reasoning. ${kept}` : kept;
    if (this.covered.textContent !== text) this.covered.textContent = text;
  }

  /** Where to go from one cycle. */
  #steps(talks) {
    this.one.hidden = !this.at;
    if (!this.at) return;
    const { before, after } = talks.length === 1 ? neighbours(this.store, talks[0]) : {};
    const step = (key, talk, words) => (talk ? h("a", { class: "button", href: cycleAddress(talk.model_id, talkTime(talk)), dataset: { key } }, words) : null);
    refill(this.one, h("span", {}, "The cycle of ", moment(this.at)), step("before", before, "← Previous cycle"), step("after", after, "Next cycle →"),
      h("button", { class: "button", type: "button", dataset: { key: "all" }, onclick: () => this.#showAll() }, "Show all cycles"));
  }

  #showAll() {
    this.at = null;
    choose("at", "");
    this.list.reset();
    this.update();
  }

  #isWanted(talk) {
    return !this.kind.value || (KINDS[this.kind.value] ?? (() => false))(talk);
  }
}
