// One cycle of a trader: what it was shown, how it reasoned, what it decided, what came of it.

import { h } from "./dom.js";
import { confidence, price, quantity, times, usd } from "./format.js";
import { moment } from "./moment.js";
import { failureWords, hasFailed, kindOf, statusOf } from "./outcome.js";
import { promptsOf, promptView } from "./talk_prompt.js";
import { fold, found, passage } from "./texts.js";
import { traderLink } from "./traders.js";
import { cycleAddress } from "./view_state.js";

const WORDS = { buy_to_enter: "buy to enter", sell_to_enter: "sell to enter", hold: "hold", close: "close" };

/**
 * What the risk gate said to the decision on a coin: "refused", "approved", or null where the cycle does
 * not tell. Older recordings have no verdicts, only the summary, which is cut when it grows long.
 */
export function verdictOn(talk, symbol, signal) {
  const heard = hearing(talk, symbol, signal);
  if (heard) return heard.is_approved ? "approved" : "refused";
  const said = (talk.summary ?? "").split(", ");
  if (said.includes(`${symbol} ${signal} (refused)`)) return "refused";
  return said.includes(`${symbol} ${signal}`) ? "approved" : null;
}

/** All that was said to the decision on a coin; an approval goes before a refusal. */
function hearing(talk, symbol, signal) {
  const all = (talk.verdicts ?? []).filter((one) => one.symbol === symbol && one.signal === signal);
  return all.find((one) => one.is_approved) ?? all[0];
}

/** When the cycle was, in seconds. */
export const talkTime = (talk) => talk.timestamp ?? talk.messages?.[0]?.timestamp ?? 0;

/** Decisions as `[symbol, decision]`. */
export const decisionsOf = (talk) => Object.entries(talk.llm_response ?? {});

const sorted = new WeakMap(); // answer of the API → trader → its cycles

function talksOf(store, trader) {
  const answer = store.data("conversations");
  if (!answer) return [];
  if (!sorted.has(answer)) {
    const found = new Map();
    for (const talk of answer.conversations ?? []) found.set(talk.model_id, [...(found.get(talk.model_id) ?? []), talk]);
    sorted.set(answer, found);
  }
  return sorted.get(answer).get(trader) ?? [];
}

/** The cycle whose decision on a coin led to an execution of a trader, or null where it is not known any more. */
export function cycleBehind(store, trader, symbol, signals, at) {
  const isOne = (talk) => talkTime(talk) <= at && signals.includes(talk.llm_response?.[symbol]?.signal)
    && verdictOn(talk, symbol, talk.llm_response[symbol].signal) !== "refused";
  return talksOf(store, trader).filter(isOne).reduce((newest, talk) => (newest && talkTime(newest) >= talkTime(talk) ? newest : talk), null);
}

export const talkKey = (talk) => `${talk.model_id}@${talkTime(talk)}`;

/** The cycle of the same trader before this one and the one after it; null where it is not here. */
export function neighbours(store, talk) {
  const own = talksOf(store, talk.model_id);
  const at = talkTime(talk);
  const pick = (isIn, isNearer) => own.filter(isIn).reduce((best, one) => (!best || isNearer(talkTime(one), talkTime(best)) ? one : best), null);
  return { before: pick((one) => talkTime(one) < at, (a, b) => a > b), after: pick((one) => talkTime(one) > at, (a, b) => a < b) };
}

/** An article about one cycle; `wanted` is what was searched for. */
export function talkView(store, talk, { trader = true, wanted = "" } = {}) {
  const key = talkKey(talk);
  const at = talkTime(talk);
  const isFailed = hasFailed(talk);
  const answer = talk.messages?.findLast((one) => one.role === "assistant")?.content ?? "";
  // Where no answer came, what stands in its place is in the summary already.
  const isAnswer = answer && !(talk.summary ?? "").includes(answer);
  const said = talk.cot_trace || (isAnswer ? answer : "");
  const title = talk.cot_trace ? "Reasoning" : "Answer as it came";
  const isShort = said.length > 0 && said.length < 400; // then it stands open
  const prompts = promptsOf(talk);
  return h("article", { class: `talk ${kindOf(talk)}`, "aria-label": `${talk.model_id}: ${talk.summary ?? ""}` },
    h("header", {}, trader ? traderLink(store, talk.model_id, key) : null, isFailed ? h("span", { class: "badge bad" }, failureWords(talk)) : null, h("b", {}, headline(talk)), h("a", { class: "permalink", href: cycleAddress(talk.model_id, at), title: "Only this cycle", dataset: { key: `${key}:link` } }, moment(at))),
    wanted ? [talk.summary, said, ...prompts.map((one) => one.content), answer].map((text) => found(text ?? "", wanted)).find(Boolean) : null,
    talk.cot_trace_summary && !isShort && talk.cot_trace_summary !== said ? h("p", {}, talk.cot_trace_summary) : null,
    decisionsOf(talk).length ? h("ul", { class: "decisions" }, decisionsOf(talk).map(([symbol, one]) => decision(talk, symbol, one))) : null,
    said ? fold(`${key}:said`, title, () => passage(said), isShort) : null,
    promptView(talk, neighbours(store, talk).before, key),
    isAnswer && answer !== said ? fold(`${key}:answer`, "Answer as it came", () => passage(answer)) : null,
    said && prompts.length ? null : h("p", { class: "note" }, lacking(said, prompts, isFailed)));
}

/** A failure's word stands beside it already. */
function headline(talk) {
  const summary = (talk.summary || "no summary").replace(/\b(buy|sell)_to_enter\b/g, "$1 to enter");
  return hasFailed(talk) ? summary.replace(new RegExp(`^${statusOf(talk)}(: )?`), "") : summary;
}

/** Says what is not there; rule-based traders read no prompt. */
function lacking(said, prompts, isFailed) {
  if (isFailed) return said ? "No prompt is kept." : prompts.length ? "No answer came that could be kept." : "Nobody was asked.";
  if (!said && !prompts.length) return "No reasoning was given, and no prompt was read.";
  return said ? "Decided without reading a prompt." : "No reasoning was given.";
}

function decision(talk, symbol, one) {
  const verdict = verdictOn(talk, symbol, one.signal);
  const facts = [
    one.quantity !== null && one.quantity !== undefined ? `quantity ${quantity(one.quantity)}` : null,
    one.leverage ? times(one.leverage) : null,
    one.profit_target ? `target ${price(one.profit_target)}` : null,
    one.stop_loss ? `stop ${price(one.stop_loss)}` : null,
    one.risk_usd ? `risk ${usd(one.risk_usd)}` : null,
    one.confidence !== null && one.confidence !== undefined ? `confidence ${confidence(one.confidence)}` : null,
  ].filter(Boolean);
  return h("li", { class: verdict === "refused" ? verdict : one.signal }, h("b", {}, symbol), ` ${WORDS[one.signal] ?? one.signal}`,
    verdict === "refused" ? h("span", { class: "badge warn" }, "refused by the risk gate") : null,
    verdict === "approved" ? h("span", { class: "badge" }, "approved") : null,
    facts.length ? h("span", { class: "muted" }, ` · ${facts.join(" · ")}`) : null,
    (hearing(talk, symbol, one.signal)?.reasons ?? []).map((each) => h("div", { class: "muted" }, each.message)),
    one.invalidation_condition ? h("div", { class: "muted" }, `invalidation: ${one.invalidation_condition}`) : null);
}
