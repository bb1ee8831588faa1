// How a cycle ended: decided, empty, or failed, and by what.

const FAILURES = ["no_data", "stale_data", "unreadable_equity", "model_timeout", "model_error", "invalid_output", "budget_exceeded", "interrupted", "replay_miss", "provider_error", "internal_error"];

/** `ok`, or the word of what failed. Recordings of an earlier version have it in their summary only. */
export function statusOf(talk) {
  if (talk.status) return talk.status;
  const first = (talk.summary ?? "").split(":")[0];
  return FAILURES.includes(first) ? first : "ok";
}

export const hasFailed = (talk) => statusOf(talk) !== "ok";

/** `decided`, `empty` or `failed`. */
export function kindOf(talk) {
  if (hasFailed(talk)) return "failed";
  return Object.keys(talk.llm_response ?? {}).length ? "decided" : "empty";
}

export const failureWords = (talk) => statusOf(talk).replaceAll("_", " ");

/**
 * Neighbours that need no card each, together: `[[talk], [talk, talk, …]]`. Of failures in a row the
 * first stands alone, so that what went wrong is seen; of empty cycles none does.
 */
export function runsOf(talks) {
  const runs = [];
  for (const talk of talks) {
    const kind = kindOf(talk);
    const last = runs.at(-1);
    if (kind !== "decided" && last?.kind === kind && last.isRun) last.talks.push(talk);
    else runs.push({ kind, talks: [talk], isRun: kind === "empty" || (last?.kind === "failed" && kind === "failed") });
  }
  return runs;
}
