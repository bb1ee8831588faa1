// Looking for words in what was asked and answered.

import { talkTime } from "./talk.js";

const texts = new WeakMap(); // talk → all of its text in lower case, made when it is searched first

function textOf(talk) {
  if (!texts.has(talk)) {
    const said = (talk.messages ?? []).map((one) => one.content);
    const reasons = (talk.verdicts ?? []).flatMap((one) => (one.reasons ?? []).map((each) => each.message));
    const plans = Object.entries(talk.llm_response ?? {}).map(([symbol, one]) => `${symbol} ${one.signal} ${one.invalidation_condition ?? ""}`);
    const time = new Date(talkTime(talk) * 1000);
    const when = Number.isNaN(time.getTime()) ? "" : time.toISOString().replace("T", " ");
    texts.set(talk, [talk.model_id, when, talk.summary, talk.cot_trace, ...said, ...reasons, ...plans].join("\n").toLowerCase());
  }
  return texts.get(talk);
}

/** Whether a cycle has a text somewhere, in capitals or not. */
export const holds = (talk, wanted) => !wanted || textOf(talk).includes(wanted.toLowerCase());
