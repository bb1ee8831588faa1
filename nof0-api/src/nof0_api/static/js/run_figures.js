// What a report says of a trader, as figures that two runs can be held against each other by.

import { change, count, gain, interval, isKnown, number, percent, score, usd } from "./format.js";

/** Amounts are exact decimals as text; unknown is null. */
export const amount = (value) => (value === null || value === undefined || value === "" || !Number.isFinite(Number(value)) ? null : Number(value));

/** A difference of percentages. */
export const points = (value) => (isKnown(value) ? `${score(value)} points` : change(value));
const plain = (value) => score(value, 0);
const figure = (key, label, value, format, difference) => ({ key, label, value, format, difference });

/** Each with its value of a row of `traders`, how it is written, and how a difference is. */
export const FIGURES = [
  figure("return", "Return", (one) => one.return_pct, change, points),
  figure("sharpe", "Sharpe ratio, daily", (one) => one.sharpe_daily, score, score),
  figure("drawdown", "Deepest drawdown", (one) => one.max_drawdown_pct, (value) => percent(value, 2), points),
  figure("equity", "Equity at the end", (one) => amount(one.equity), usd, gain),
  figure("net", "Net of closed trades", (one) => amount(one.trades?.net_pnl), gain, gain),
  figure("open", "Open result", (one) => amount(one.unrealized_pnl), gain, gain),
  figure("fees", "Fees", (one) => amount(one.fees), usd, gain),
  figure("funding", "Funding", (one) => amount(one.funding), gain, gain),
  figure("inference", "Cost of the model", (one) => amount(one.inference_usd), usd, gain),
  figure("trades", "Closed trades", (one) => one.trades?.count, count, plain),
  figure("won", "Won", (one) => (one.trades?.count ? one.trades.win_rate_pct : null), percent, points),
  figure("factor", "Profit factor", (one) => one.trades?.profit_factor, number, score),
  figure("exposure", "In the market", (one) => one.exposure_pct, percent, points),
  figure("cycles", "Decision cycles", (one) => one.cycles, count, plain),
  figure("usable", "Usable answers", (one) => one.usable_answers, count, plain),
];

export const INTERVALS = { return: (one) => one.return_pct_ci, sharpe: (one) => one.sharpe_daily_ci };
export const range = (pair) => (Array.isArray(pair) ? `95 %: ${interval(pair)}` : null);

/** The traders of a report that have an id; a report of another command may have none. */
export const tradersOf = (report) => (Array.isArray(report?.traders) ? report.traders.filter((one) => typeof one?.id === "string") : []);

/** Percent of the first capital, hour by hour: `[[seconds, value]]`. */
export const curveOf = (trader) => (Array.isArray(trader?.curve) ? trader.curve : [])
  .map((one) => [Date.parse(one?.[0]) / 1000, 100 * (one?.[2] - 1)])
  .filter(([time, value]) => isKnown(time) && isKnown(value));

const WORDS = { data: "Data", configuration: "Configuration", prompts: "Prompts", code: "Code of nof0", result: "Result" };

/**
 * What two reports rest on, as `{label, a, b, isSame, isDigest}`; lists have what only one of them says.
 */
export function grounds(a, b) {
  const written = (value) => (value === undefined || value === null ? "–" : typeof value === "string" ? value : JSON.stringify(value));
  const row = (label, one, other, more = {}) => ({ label, a: written(one), b: written(other), isSame: written(one) === written(other), ...more });
  const digests = Object.keys({ ...a.digests, ...b.digests }).sort((x, y) => Object.keys(WORDS).indexOf(x) - Object.keys(WORDS).indexOf(y));
  const versions = Object.keys({ ...a.versions, ...b.versions }).filter((key) => a.versions?.[key] !== b.versions?.[key]);
  const lists = ["assumptions", "flags"].map((key) => {
    const [one, other] = [a, b].map((report) => (Array.isArray(report[key]) ? report[key].map(String) : []));
    const only = (mine, others) => mine.filter((each) => !others.includes(each)).join("; ") || "–";
    return row(key === "flags" ? "To know before believing" : "Assumed", only(one, other), only(other, one));
  });
  const window = (report) => (report.window ? `${report.window.from} to ${report.window.to}` : null);
  return [
    row("Window", window(a), window(b)),
    ...digests.map((key) => row(WORDS[key] ?? key, a.digests?.[key], b.digests?.[key], { isDigest: true })),
    row("Seed", a.seed, b.seed),
    ...versions.map((key) => row(`Version of ${key}`, a.versions?.[key], b.versions?.[key])),
    ...lists,
  ];
}
