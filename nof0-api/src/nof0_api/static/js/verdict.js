// Whether the order of the leaderboard means anything: the same rules as `nof0 leaderboard`.

import { score } from "./format.js";
import { isRanked } from "./traders.js";

const FEW_TRADES = 20; // with fewer, one of them may decide the result

const called = (row) => row.name || row.id;

const range = (pair) => `${score(pair[0], 1)} to ${score(pair[1], 1)} %`;

/** A sentence about the first two rows that are ranked; empty where there are fewer than two traders. */
export function verdict(rows) {
  if (rows.length < 2) return "";
  const ranked = rows.filter(isRanked);
  if (!ranked.length) return "The order means nothing yet: no trader has passed the quality gates.";
  if (ranked.length === 1) return `Only ${called(ranked[0])} has passed the quality gates: there is no order yet.`;
  const [first, second] = ranked;
  const [ours, theirs] = [first.return_pct_ci, second.return_pct_ci];
  const names = `${called(first)} and ${called(second)}`;
  if (!ours || !theirs) {
    return `The order means nothing yet: there are no intervals for ${names}, so chance cannot be told from skill.`;
  }
  if (ours[0] <= theirs[1] && theirs[0] <= ours[1]) {
    return `The difference between ${names} means nothing: their 95 % intervals of return overlap (${range(ours)} and ${range(theirs)}).`;
  }
  if (first.num_trades < FEW_TRADES) {
    return `${called(first)} leads ${called(second)} beyond what chance explains, but on ${first.num_trades} closed trades; fewer than ${FEW_TRADES} prove little.`;
  }
  return `${called(first)} leads ${called(second)} beyond what chance explains: their 95 % intervals of return do not overlap (${range(ours)} and ${range(theirs)}).`;
}
