// What models were shown and what they answered.

import { Choice } from "../choice.js";
import { h } from "../dom.js";
import { moment } from "../moment.js";
import { empty, missing } from "../states.js";
import { decisionsOf, talkTime } from "../talk.js";
import { TalkList } from "../talk_list.js";
import { choose, chosen } from "../view_state.js";

export class Conversations {
  needs = ["conversations"];

  constructor(store) {
    this.store = store;
    const again = () => {
      this.list.reset();
      this.update();
    };
    this.trader = new Choice({ label: "Trader", name: "trader", all: "all", onchange: again });
    this.kind = new Choice({ label: "Show", name: "show", all: "every cycle", onchange: again });
    this.kind.offer(["with decisions", "entries and closes"]);
    // The address may name one cycle by its moment.
    this.at = Number(chosen("at")) || null;
    this.one = h("p", { class: "note", id: "one-cycle", hidden: !this.at }, "The cycle of ", moment(this.at), ". ",
      h("button", { class: "button", type: "button", onclick: () => this.#showAll() }, "Show all cycles"));
    this.list = new TalkList(store, {});
    this.body = h("div", {});
    this.element = h("div", {}, h("h1", {}, "Conversations"),
      h("section", { class: "panel" }, h("div", { class: "filters", role: "group", "aria-label": "Filters" }, [this.trader.element, this.kind.element]),
        h("p", { class: "note" }, "The newest cycles of each trader. The journal keeps all of them."), this.one),
      this.body);
  }

  update() {
    const state = missing(this.store, "conversations", "conversations");
    const all = this.store.data("conversations")?.conversations ?? [];
    this.trader.offer([...new Set(all.map((talk) => talk.model_id))].sort());
    const talks = all.filter((talk) => (!this.trader.value || talk.model_id === this.trader.value) && (!this.at || talkTime(talk) === this.at) && this.#isWanted(talk));
    if (state || !talks.length) {
      this.body.replaceChildren(state ?? (all.length ? empty("No cycle matches", this.at ? "This one is no longer among the newest; the journal has it." : "Choose other filters.") : empty("No conversations yet", "The first one comes with the first decision.")));
      return;
    }
    if (!this.list.element.isConnected) this.body.replaceChildren(this.list.element);
    this.list.show(talks);
  }

  destroy() {}

  #showAll() {
    this.at = null;
    this.one.hidden = true;
    choose("at", "");
    this.list.reset();
    this.update();
  }

  #isWanted(talk) {
    if (!this.kind.value) return true;
    const signals = decisionsOf(talk).map(([, one]) => one.signal);
    return this.kind.value === "with decisions" ? signals.length > 0 : signals.some((one) => one !== "hold");
  }
}
