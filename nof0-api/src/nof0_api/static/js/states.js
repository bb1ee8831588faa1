// What a page shows when it has nothing to show: still loading, nothing there, no answer.

import { h } from "./dom.js";
import { age } from "./format.js";

export const loading = (what) =>
  h("div", { class: "state", "aria-busy": "true" }, h("div", { class: "skeleton" }), h("div", { class: "skeleton" }), `Loading ${what} …`);

export const empty = (title, hint) => h("div", { class: "state" }, h("strong", {}, title), hint);

export function failed(error, store) {
  const title = error.status === 503 ? "The API has no data source right now" : "The API does not answer";
  const detail = error.status ? `It said: ${error.message}.` : "Is `nof0 serve` running, and is the address right?";
  return h("div", { class: "state" }, h("strong", {}, title), detail, h("br"),
    h("button", { class: "button", type: "button", dataset: { key: "retry" }, onclick: () => store.retry() }, "Try again"));
}

/** The state of a page that needs these parts, or null if all of them are there. */
export function missing(store, what, ...parts) {
  if (store.has(...parts)) return null;
  const problem = store.problem(...parts);
  return problem ? failed(problem, store) : loading(what);
}

/** The banner over a page whose numbers have grown old because the API is silent, or null. */
export function silence(store) {
  const { error, lastAnswer, silence: since, retryIn } = store.health;
  if (!error || lastAnswer === null) return null;
  return h("div", { class: "banner" },
    h("span", {}, h("strong", {}, "The API does not answer"), ` (${error.message}). These are the last numbers it gave, ${age(since)} ago; next try in ${age(retryIn)}.`),
    h("button", { class: "button", type: "button", dataset: { key: "retry-banner" }, onclick: () => store.retry() }, "Try now"));
}
