// What a cycle was shown, and what of it is new since the one before.

import { h } from "./dom.js";
import { count } from "./format.js";
import { diffLines, excerpt } from "./line_diff.js";
import { fold, passage } from "./texts.js";

/** Messages that a model was sent. */
export const promptsOf = (talk) => (talk.messages ?? []).filter((one) => one.role !== "assistant" && one.content);

const whole = (talk) => promptsOf(talk).map((one) => one.content).join("\n");

/** The prompt, and what changed since the last one of the same trader, `before` (null: it is not here any more). */
export function promptView(talk, before, key) {
  const prompts = promptsOf(talk);
  if (!prompts.length) return [];
  const title = `Prompt (${prompts.length} ${prompts.length === 1 ? "message" : "messages"})`;
  return [
    fold(`${key}:prompt`, title, () => prompts.map((one) => [h("p", { class: "role" }, one.role), passage(one.content)])),
    before && promptsOf(before).length ? fold(`${key}:diff`, "What changed since the last prompt", () => changes(whole(before), whole(talk))) : null,
  ];
}

function changes(before, after) {
  if (before === after) return h("p", { class: "note" }, "Nothing: the prompt is the same.");
  const lines = diffLines(before, after);
  const number = (wanted) => lines.filter(([sign]) => sign === wanted).length;
  return [
    h("p", { class: "note" }, `${count(number("+"))} lines are new, ${count(number("−"))} are gone.`),
    h("pre", { class: "diff", tabindex: "0", "aria-label": "Changed lines" }, excerpt(lines).map((one) => (one
      ? h(one[0] === "+" ? "ins" : one[0] ? "del" : "span", {}, `${one[0] || " "} ${one[1]}\n`)
      : h("span", { class: "muted" }, "⋯\n")))),
  ];
}
