// Starts the dashboard: the frame, the router, and one page at a time.

import { Arena } from "./pages/arena.js";
import { Conversations } from "./pages/conversations.js";
import { Log } from "./pages/log.js";
import { Positions } from "./pages/positions.js";
import { Runs } from "./pages/runs.js";
import { Trader } from "./pages/trader.js";
import { Trades } from "./pages/trades.js";
import { h, refill } from "./dom.js";
import { EngineBar } from "./engine_bar.js";
import { loadLogos } from "./logos.js";
import { empty, silence } from "./states.js";
import { showStatus } from "./status.js";
import { Store } from "./store.js";
import { bindThemeButton } from "./theme.js";
import { Ticker } from "./ticker.js";
import { pathOf } from "./view_state.js";

const PAGES = {
  "": { title: "Arena", open: (store) => new Arena(store) },
  positions: { title: "Positions", open: (store) => new Positions(store) },
  trades: { title: "Trades", open: (store) => new Trades(store) },
  conversations: { title: "Conversations", open: (store) => new Conversations(store) },
  runs: { title: "Runs", open: () => new Runs() },
  log: { title: "Log", open: (store) => new Log(store) },
};
const SHARED = ["crypto-prices", "day", "leaderboard", "since-inception-values", "account-totals", "status"];

const at = (id) => document.getElementById(id);
const store = new Store();
const ticker = new Ticker(at("ticker"));
const bar = new EngineBar(at("engine"), store);
let page = null;

/** The page named after the `#`, as `{name, argument}`. */
function route() {
  const [, name = "", argument = ""] = pathOf().split("/");
  try {
    return { name, argument: decodeURIComponent(argument) };
  } catch {
    return { name: "?", argument: "" }; // a broken escape names no page
  }
}

function open() {
  const { name, argument } = route();
  page?.destroy();
  const known = Object.hasOwn(PAGES, name) && !argument ? PAGES[name] : null;
  if (name === "trader" && argument) page = new Trader(store, argument);
  else page = known ? known.open(store) : { element: h("div", {}, h("h1", {}, "Not found"), empty("There is no such page", h("a", { href: "#/" }, "To the arena"))), needs: [], update() {}, destroy() {} };
  const title = known?.title ?? (name === "trader" ? argument : "");
  document.title = `${title || "Not found"} · nof0`;
  refill(at("tabs"), Object.entries(PAGES).map(([key, one]) =>
    h("a", { href: `#/${key}`, "aria-current": known && key === name ? "page" : null, dataset: { key } }, one.title)));
  at("main").replaceChildren(page.element);
  store.need([...new Set([...SHARED, ...page.needs])]);
  page.update();
  scrollTo(0, 0);
}

function update() {
  page.update();
  ticker.show(store.data("crypto-prices"), store.data("day"));
  bar.update();
  pulse();
}

/** What changes although no answer came: ages and the time of the next attempt. */
function pulse() {
  showStatus(at("status"), store);
  const banner = silence(store);
  // The region speaks when it is filled, so it is only touched when something changes.
  if (banner) refill(at("alert"), banner);
  else if (at("alert").firstChild) at("alert").replaceChildren();
}

bindThemeButton(at("theme"));
at("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the part after # names a page here
  at("main").focus();
});
addEventListener("hashchange", () => {
  open();
  // Tell a screen reader that another page is here, as a real navigation would.
  at("main").focus({ preventScroll: true });
});
store.subscribe(update);
loadLogos(() => update());
setInterval(pulse, 1000);
open();
update();
