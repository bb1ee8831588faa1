// A calendar of profit: a row per week, newest first, with a value in each day and the week's own at the end.

import { results } from "./days.js";
import { h, refill } from "./dom.js";
import { change, gain, isKnown, score } from "./format.js";
import { utc } from "./moment.js";
import { empty } from "./states.js";
import { Switch } from "./switch.js";

const UNITS = {
  pct: { text: "%", title: "Return in percent", format: change, brief: (value) => score(value, Math.abs(value) < 10 ? 1 : 0) },
  usd: { text: "$", title: "Profit in US dollars", format: gain, brief: (value) => score(value, 0) },
};
const NAMES = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const STEP = 12; // weeks shown at once
const STRONGEST = 34; // percent of colour behind a value: text on it stays readable

export class CalendarPanel {
  #most = STEP;
  #drawn = "";

  constructor() {
    this.unit = new Switch({ name: "profit", label: "Unit of the calendar", options: UNITS, onchange: () => this.show(this.rows) });
    this.more = h("button", { class: "button more", type: "button", hidden: true, onclick: () => { this.#most = Infinity; this.show(this.rows); } }, "Show all weeks");
    this.body = h("div", {});
    this.element = h("section", { class: "panel" }, h("header", {}, h("h2", {}, "Profit by day and week"), h("div", { class: "end" }, this.unit.element)), this.body, this.more,
      h("p", { class: "note" }, "Days of UTC, weeks from Monday, open positions at their marks; capital that a rebalance moved is left out. Where hours of a long run are not drawn, a value is of as many days as it says."));
    this.rows = [];
  }

  /** Shows the account totals of one trader, oldest first. */
  show(rows) {
    this.rows = rows;
    const { days, weeks } = results(rows);
    const drawn = JSON.stringify([this.unit.value, this.#most, [...days]]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const numbers = [...weeks.keys()].sort((a, b) => b - a);
    this.more.hidden = numbers.length <= this.#most;
    if (!numbers.length) {
      this.body.replaceChildren(empty("No day yet", "The first value comes with the second point of the account."));
      return;
    }
    const unit = UNITS[this.unit.value];
    const largest = (found) => Math.max(...[...found.values()].map((one) => Math.abs(one[this.unit.value])), 1e-9);
    const [dayMost, weekMost] = [largest(days), largest(weeks)];
    refill(this.body, h("table", { class: "calendar" }, h("caption", {}, `${unit.title} by day and week`),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "From"), NAMES.map((one) => h("th", { scope: "col" }, one)), h("th", { scope: "col" }, "Week"))),
      h("tbody", {}, numbers.slice(0, this.#most).map((week) => h("tr", {}, h("th", { scope: "row" }, h("span", { class: "year" }, date(7 * week - 3).slice(0, 5)), date(7 * week - 3).slice(5)),
        NAMES.map((_, at) => this.#cell(unit, days.get(7 * week - 3 + at), dayMost, 7 * week - 3 + at)), this.#cell(unit, weeks.get(week), weekMost, null, 7 * week - 3))))));
  }

  #cell(unit, found, most, day, start) {
    const value = found?.[this.unit.value];
    const of = found?.over > 1 ? `${found.over} ${day === null ? "weeks" : "days"}` : "";
    const number = day === null && !of ? null : h("span", { class: "day" }, [day === null ? null : String(new Date(day * 86400000).getUTCDate()), of].filter(Boolean).join(": "));
    if (!isKnown(value)) return h("td", { class: "none" }, number);
    const strength = Math.round((STRONGEST * Math.abs(value)) / most);
    const said = unit.format(value);
    return h("td", { class: value < 0 ? "lost" : "won", vars: { strength: `${strength}%` }, title: day === null ? said : `${date(day)}: ${said}`, dataset: day === null ? { week: date(start) } : { day: date(day) } },
      number, h("span", { class: "full" }, said), h("span", { class: "brief", "aria-hidden": "true" }, unit.brief(value)));
  }
}

const date = (day) => utc(day * 86400, { short: true }).slice(0, 10);
