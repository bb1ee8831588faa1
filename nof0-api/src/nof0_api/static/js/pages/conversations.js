// What models were shown and what they answered.

import { Choice } from "../choice.js";
import { h } from "../dom.js";
import { empty, missing } from "../states.js";
import { decisionsOf } from "../talk.js";
import { TalkList } from "../talk_list.js";

export class Conversations {
  needs = ["conversations"];

  constructor(store) {
    this.store = store;
    const again = () => {
      this.list.reset();
      this.update();
    };
    this.trader = new Choice({ label: "Trader", all: "all", onchange: again });
    this.kind = new Choice({ label: "Show", all: "every cycle", onchange: again });
    this.kind.offer(["with decisions", "entries and closes"]);
    this.list = new TalkList(store, {});
    this.body = h("div", {});
    this.element = h("div", {}, h("h1", {}, "Conversations"),
      h("section", { class: "panel" }, h("div", { class: "filters", role: "group", "aria-label": "Filters" }, [this.trader.element, this.kind.element]),
        h("p", { class: "note" }, "The newest cycles of each trader. The journal keeps all of them.")),
      this.body);
  }

  update() {
    const state = missing(this.store, "conversations", "conversations");
    const all = this.store.data("conversations")?.conversations ?? [];
    this.trader.offer([...new Set(all.map((talk) => talk.model_id))].sort());
    const talks = all.filter((talk) => (!this.trader.value || talk.model_id === this.trader.value) && this.#isWanted(talk));
    if (state || !talks.length) {
      this.body.replaceChildren(state ?? (all.length ? empty("No cycle matches", "Choose other filters.") : empty("No conversations yet", "The first one comes with the first decision.")));
      return;
    }
    if (!this.list.element.isConnected) this.body.replaceChildren(this.list.element);
    this.list.show(talks);
  }

  destroy() {}

  #isWanted(talk) {
    if (!this.kind.value) return true;
    const signals = decisionsOf(talk).map(([, one]) => one.signal);
    return this.kind.value === "with decisions" ? signals.length > 0 : signals.some((one) => one !== "hold");
  }
}
