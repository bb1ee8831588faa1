// What happened last, beside the chart: decisions with their reasoning, positions, trades.

import { h, refill } from "./dom.js";
import { gain, price, times, tone, usd } from "./format.js";
import { moment } from "./moment.js";
import { openPositions } from "./position_table.js";
import { empty, missing } from "./states.js";
import { Switch } from "./switch.js";
import { decisionsOf, talkTime, verdictOn } from "./talk.js";
import { exitReason } from "./trade_table.js";
import { BENCHMARK, traderLink } from "./traders.js";
import { cycleAddress } from "./view_state.js";

const SHOWN = 30;
const PARTS = {
  decisions: { text: "Decisions", title: "Newest decisions", part: "decisions", more: ["#/conversations", "All"], none: ["No decisions yet", "They come with the first answer that holds one."] },
  positions: { text: "Positions", title: "Open positions", part: "positions", more: ["#/positions", "All"], none: ["No open positions", "All traders are in cash at the moment."] },
  trades: { text: "Trades", title: "Newest trades", part: "newest-trades", more: ["#/trades", "All"], none: ["No closed trades yet", "A trade appears here when its position is closed."] },
};

export class Feed {
  #written = "";

  constructor(store) {
    this.store = store;
    this.tab = new Switch({ name: "beside", label: "Beside the chart", options: PARTS, onchange: () => this.update() });
    this.body = h("div", { class: "feed-body", tabindex: "0", role: "region", "aria-label": "Newest" });
    this.more = h("a", { class: "end" });
    this.element = h("section", { class: "panel feed", "aria-label": "Beside the chart" }, h("header", {}, this.tab.element, this.more), this.body);
  }

  update() {
    const shown = PARTS[this.tab.value];
    const state = missing(this.store, shown.text.toLowerCase(), shown.part);
    const rows = state ? [] : this.#rows();
    this.body.setAttribute("aria-label", shown.title);
    [this.more.href, this.more.textContent] = shown.more;
    this.more.setAttribute("aria-label", `All ${shown.more[0].slice(2)}`);
    if (state || !rows.length) {
      this.#written = "";
      this.body.replaceChildren(state ?? empty(...shown.none));
      return;
    }
    const written = JSON.stringify([this.tab.value, rows]);
    if (written === this.#written) return;
    this.#written = written;
    const one = { decisions: (row) => this.#decision(row), positions: (row) => this.#position(row), trades: (row) => this.#trade(row) }[this.tab.value];
    refill(this.body, h("ul", { class: "feed-list" }, rows.map((row) => h("li", {}, one(row)))));
  }

  #rows() {
    const { store } = this;
    if (this.tab.value === "decisions") return (store.data("decisions")?.conversations ?? []).slice(0, SHOWN);
    if (this.tab.value === "positions") return openPositions(store).filter((row) => row.model_id !== BENCHMARK).sort((a, b) => b.entry_time - a.entry_time).slice(0, SHOWN);
    return [...(store.data("newest-trades")?.trades ?? [])].sort((a, b) => b.exit_time - a.exit_time).slice(0, SHOWN);
  }

  #decision(talk) {
    const verdict = (symbol, one) => (verdictOn(talk, symbol, one.signal) === "refused" ? h("span", { class: "badge warn" }, "refused") : null);
    return [
      this.#head(talk.model_id, `decision${talkTime(talk)}`, h("a", { href: cycleAddress(talk.model_id, talkTime(talk)), dataset: { key: `feed:${talk.model_id}@${talkTime(talk)}` } }, moment(talkTime(talk), { short: true }))),
      h("p", { class: "feed-what" }, decisionsOf(talk).map(([symbol, one]) => h("span", {}, h("b", {}, symbol), ` ${one.signal.replaceAll("_", " ")}`, one.leverage ? ` ${times(one.leverage)}` : "", verdict(symbol, one)))),
      h("p", { class: "feed-said" }, talk.cot_trace_summary || talk.cot_trace || h("span", { class: "muted" }, "No reasoning was given.")),
    ];
  }

  #position(row) {
    return [
      this.#head(row.model_id, `position${row.symbol}`, h("span", { class: tone(row.unrealized_pnl) }, gain(row.unrealized_pnl))),
      h("p", { class: "feed-what" }, h("span", {}, h("b", {}, row.symbol), ` ${row.quantity < 0 ? "short" : "long"} ${times(row.leverage)}`), h("span", { class: "muted" }, `${usd(Math.abs(row.quantity * row.current_price))}, ${price(row.entry_price)} → ${price(row.current_price)}`)),
    ];
  }

  #trade(row) {
    return [
      this.#head(row.model_id, row.id, h("span", { class: tone(row.realized_net_pnl) }, gain(row.realized_net_pnl))),
      h("p", { class: "feed-what" }, h("span", {}, h("b", {}, row.symbol), ` ${row.side} ${times(row.leverage)}`), h("span", { class: "muted" }, `${price(row.entry_price)} → ${price(row.exit_price)}, ${exitReason(row)}`), moment(row.exit_time, { short: true })),
    ];
  }

  #head(trader, where, ...right) {
    return h("p", { class: "feed-head" }, traderLink(this.store, trader, `feed:${where}`), h("span", { class: "end" }, right));
  }
}
