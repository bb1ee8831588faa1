// Everything about one trader.

import { analyticsTables, figuresIn } from "../analytics_tables.js";
import { CalendarPanel } from "../calendar_panel.js";
import { CoinPanel } from "../coin_panel.js";
import { CurvePanel } from "../curve_panel.js";
import { h, refill } from "../dom.js";
import { number, percent, usd } from "../format.js";
import { talksOf } from "../marks.js";
import { modelOf } from "../metrics.js";
import { openPositions, positionTable } from "../position_table.js";
import { PricePanel } from "../price_panel.js";
import { drawdown, equity, exposure } from "../series.js";
import { empty, missing } from "../states.js";
import { TalkList } from "../talk_list.js";
import { analyticsOf, furtherTiles, tiles } from "../tiles.js";
import { tradeTable, tradesOf } from "../trade_table.js";
import { BENCHMARK, colourName, label, standing, statusBadge, tradersOf } from "../traders.js";
import { choose, chosen } from "../view_state.js";

const round = (value, digits) => `${number(value, digits)} %`;
const TRADES = 20; // the page of all trades has the rest

export class Trader {
  needs = ["positions", "trades", "conversations", "candles", "analytics", "metrics"];
  #analytics = "";

  constructor(store, trader) {
    this.store = store;
    this.trader = trader;
    this.badges = h("span", {});
    this.tiles = h("div", {});
    this.equity = new CurvePanel({ title: "Equity", label: `Equity of ${trader} in US dollars`, format: usd, axis: (value, digits) => `$${number(value, digits)}` });
    this.drawdown = new CurvePanel({ title: "Drawdown", label: `Drawdown of ${trader} in percent`, format: percent, axis: round });
    this.exposure = new CurvePanel({ title: "Exposure", label: `Position value of ${trader} in percent of equity`, format: (value) => percent(value, 0), axis: round });
    this.price = new PricePanel(store, trader);
    this.calendar = new CalendarPanel();
    this.coins = new CoinPanel(store, trader);
    this.positions = positionTable(store, { trader: false });
    this.trades = tradeTable(store, { trader: false });
    this.talks = new TalkList(store, { step: 5, trader: false });
    this.positionBody = h("div", {});
    this.tradeBody = h("div", {});
    this.analyticsBody = h("div", {});
    this.talkBody = h("div", {});
    this.further = h("div", {});
    this.fold = h("summary", {}, "All figures");
    this.figures = h("details", { class: "panel figures", open: chosen("figures") === "all", ontoggle: () => choose("figures", this.figures.open ? "all" : "") }, this.fold, this.further, this.analyticsBody);
    this.content = h("div", {}, this.tiles, this.figures,
      h("div", { class: "columns two" }, this.equity.element, this.drawdown.element),
      this.price.element,
      section("Open positions", this.positionBody),
      this.exposure.element,
      this.calendar.element,
      this.coins.element,
      section("Newest trades", this.tradeBody, h("a", { class: "end", href: "#/trades" }, "All trades")),
      h("h2", { class: "apart" }, "Newest conversations"), this.talkBody);
    this.body = h("div", {});
    this.element = h("div", {}, h("h1", {}, label(trader), this.badges), this.body);
  }

  update() {
    const { store, trader } = this;
    const state = missing(store, trader, "account-totals", "leaderboard", "since-inception-values");
    const isKnown = trader !== BENCHMARK && tradersOf(store).includes(trader);
    if (state || !isKnown) {
      this.body.replaceChildren(state ?? empty("There is no such trader", h("a", { href: "#/" }, "All traders are in the arena")));
      return;
    }
    if (!this.content.isConnected) this.body.replaceChildren(this.content);
    const model = modelOf(store.data("metrics"), trader);
    refill(this.badges, model ? h("span", { class: "badge" }, model) : null, standing(store, trader)?.is_baseline ? h("span", { class: "badge" }, "baseline") : null, statusBadge(standing(store, trader)));
    refill(this.tiles, tiles(store, trader));
    refill(this.further, furtherTiles(store, trader));
    this.calendar.show(store.totals.of(trader));
    this.coins.update();
    this.#curves();
    this.price.update();
    this.#fill(this.positionBody, "positions", openPositions(store, trader), this.positions, "No open position", "This trader is in cash at the moment.");
    const trades = tradesOf(store, trader).sort((a, b) => b.exit_time - a.exit_time);
    this.#fill(this.tradeBody, "trades", trades.slice(0, TRADES), this.trades, "No closed trades yet", "A trade appears here when its position is closed.");
    this.#fill(this.talkBody, "conversations", talksOf(store, trader), this.talks, "No conversations yet", "The first one comes with the first decision.");
    this.#showAnalytics();
  }

  destroy() {
    for (const one of [this.equity, this.drawdown, this.exposure, this.price, this.coins]) one.destroy();
  }

  #curves() {
    const rows = this.store.totals.of(this.trader);
    const colour = colourName(this.store, this.trader);
    this.equity.show([{ name: "equity", colour, points: equity(rows) }]);
    this.drawdown.show([{ name: "below the peak", colour: "down", points: drawdown(rows), fill: true }]);
    const { gross, net } = exposure(rows);
    this.exposure.show([{ name: "gross", colour, points: gross, fill: true }, { name: "net", colour: "benchmark", points: net, dash: [6, 4] }]);
  }

  #fill(body, part, rows, view, title, hint) {
    const state = missing(this.store, part, part);
    if (state || !rows.length) {
      body.replaceChildren(state ?? empty(title, hint));
      return;
    }
    if (!view.element.isConnected) body.replaceChildren(view.element);
    view.show(rows);
  }

  #showAnalytics() {
    const row = analyticsOf(this.store, this.trader);
    if (!row) {
      this.analyticsBody.replaceChildren(missing(this.store, "analytics", "analytics") ?? empty("No analytics yet", "They come with the first closed trade."));
      return;
    }
    const written = JSON.stringify(row);
    if (written === this.#analytics) return;
    this.#analytics = written;
    this.fold.textContent = `All figures: ${figuresIn(row) + 3} more`; // two tiles beside the tables, one of them with two
    refill(this.analyticsBody, analyticsTables(row));
  }
}

const section = (title, body, link = null) => h("section", { class: "panel" }, h("header", {}, h("h2", {}, title), link), body);
