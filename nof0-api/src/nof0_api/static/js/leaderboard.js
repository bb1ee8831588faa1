// The leaderboard: who stands where, how sure that is, and whether it means anything.

import { h, refill } from "./dom.js";
import { change, count, gain, interval, NONE, percent, score, tone, usd } from "./format.js";
import { Pager } from "./pager.js";
import { empty, missing } from "./states.js";
import { Table } from "./table.js";
import { inception, isRanked, movedCapital, places, ranking, statusBadge, traderLink, usable } from "./traders.js";
import { verdict } from "./verdict.js";

const usableShare = (row) => (row.cycles ? row.usable_answers / row.cycles : null);
const winRate = (row) => (row.num_trades ? (100 * row.num_wins) / row.num_trades : null);

export class Leaderboard {
  constructor(store) {
    this.store = store;
    const columns = [
      { key: "rank", label: "#", num: true, class: "rank", cell: (row) => row.rank },
      { key: "id", label: "Trader", lead: true, value: (row) => row.id, cell: (row) => [traderLink(store, row.id, "board"), row.is_baseline ? h("span", { class: "badge" }, "baseline") : null, statusBadge(row), row.name && row.name !== row.id ? h("span", { class: "sub" }, row.name) : null, isRanked(row) ? null : h("span", { class: "sub" }, `not ranked: ${row.unranked_reason}`)] },
      { key: "equity", label: "Equity", num: true, value: (row) => row.equity, cell: (row) => usd(row.equity) },
      { key: "moved", label: "Moved", num: true, value: (row) => row.moved, cell: (row) => gain(row.moved) },
      { key: "return", label: "Return [95 %]", num: true, value: (row) => row.return_pct, cell: (row) => [h("span", { class: tone(row.return_pct) }, change(row.return_pct)), h("span", { class: "sub" }, interval(row.return_pct_ci))] },
      { key: "sharpe", label: "Sharpe [95 %]", num: true, value: (row) => row.sharpe, cell: (row) => [score(row.sharpe), h("span", { class: "sub" }, interval(row.sharpe_ci))] },
      { key: "usable", label: "Usable answers", num: true, value: usableShare, cell: usable },
      { key: "trades", label: "Trades", num: true, value: (row) => row.num_trades, cell: (row) => count(row.num_trades) },
      { key: "won", label: "Won", num: true, value: winRate, cell: (row) => percent(winRate(row), 0) },
      { key: "gains", label: "Gains / losses", num: true, value: (row) => row.win_dollars, cell: (row) => [h("span", { class: tone(row.win_dollars) }, gain(row.win_dollars)), h("span", { class: `sub ${tone(row.lose_dollars)}` }, gain(row.lose_dollars))] },
      { key: "p", label: "P(best)", num: true, value: (row) => row.beats_baseline_p ?? null, cell: (row) => (typeof row.beats_baseline_p === "number" ? percent(100 * row.beats_baseline_p, 0) : NONE) },
    ];
    this.table = new Table({ caption: "Leaderboard, best return first, who is not ranked last", columns, rowClass: (row) => (isRanked(row) ? null : "apart") });
    this.body = h("div", {});
    this.pager = new Pager(50, () => this.update());
    this.verdict = h("p", { class: "verdict", hidden: true, id: "verdict" });
    this.note = h("p", { class: "note" }, "Best return first. Who has too few usable answers, or too short a record, is not ranked. P(best): chance of beating the best (other) baseline. Intervals are bootstrapped from hourly returns. Moved: capital that rebalances gave or took since the start; it changes equity, never the return.");
    this.element = h("section", { class: "panel", "aria-labelledby": "leaderboard-title" },
      h("header", {}, h("h2", { id: "leaderboard-title" }, "Leaderboard")), this.verdict, this.body, this.pager.element, this.note);
  }

  update() {
    const state = missing(this.store, "the leaderboard", "leaderboard");
    const rows = ranking(this.store);
    if (state || !rows.length) {
      refill(this.body, state ?? empty("Nobody trades yet", "A row appears with the first decision of a trader."));
      this.verdict.hidden = true;
      return;
    }
    if (!this.table.element.isConnected) this.body.replaceChildren(this.table.element);
    const place = places(this.store);
    this.table.show(rows.map((row) => ({ ...row, rank: count(place.get(row.id)), moved: movedCapital(inception(this.store, row.id), this.store.totals.latest(row.id)) })), this.pager.of(rows.length));
    const sentence = verdict(rows);
    this.verdict.hidden = !sentence;
    if (this.verdict.textContent !== sentence) this.verdict.textContent = sentence;
  }
}
