// The numbers at the top of a trader's page.

import { h } from "./dom.js";
import { age, change, count, gain, interval, isKnown, NONE, percent, score, tone, usd } from "./format.js";
import { metricOf } from "./metrics.js";
import { openPositions } from "./position_table.js";
import { drawdown, earned, exposure } from "./series.js";
import { inception, isRanked, movedCapital, places, standing, usable } from "./traders.js";

/**
 * Writes the ten figures that say how a trader does, how sure that is, and what it cost, as a definition list: a
 * result beside its interval and what it rests on, before what is only large.
 */
export function tiles(store, trader) {
  const row = standing(store, trader);
  const rows = store.totals.of(trader);
  const last = rows.at(-1) ?? null;
  const start = inception(store, trader);
  const analytics = analyticsOf(store, trader);
  const worst = drawdown(rows).reduce((least, [, value]) => Math.min(least, value), 0);
  const fees = analytics?.fee_pnl_moves_breakdown_table?.total_fees_paid ?? null;
  const open = openPositions(store, trader).reduce((sum, one) => sum + (one.commission ?? 0), 0);
  const cost = metricOf(store.data("metrics"), "nof0_model_cost_usd_total", trader);
  const tokens = metricOf(store.data("metrics"), "nof0_model_tokens_total", trader);
  // Tokens that cost nothing mean that no price is configured, not that the model was free.
  const isPriced = isKnown(cost) && (cost > 0 || tokens === 0);
  const result = row?.return_pct ?? (last ? earned(last) : null);
  return h("dl", { class: "tiles ten" }, [
    rankTile(store, row),
    tile("return", "Return", change(result), row?.return_pct_ci ? `95 %: ${interval(row.return_pct_ci)}` : "no interval yet", tone(result)),
    tile("sharpe", "Sharpe ratio", score(row?.sharpe ?? last?.sharpe_ratio ?? null), row?.sharpe_ci ? `95 %: ${interval(row.sharpe_ci)}` : "no interval yet"),
    tile("drawdown", "Deepest drawdown", rows.length ? percent(worst) : NONE, "of the hours drawn"),
    tile("usable", "Usable answers", usable(row), row?.cycles ? `${percent((100 * row.usable_answers) / row.cycles)} of the cycles that asked` : null),
    tile("trades", "Trades", count(row?.num_trades ?? null), row?.num_trades ? `${percent((100 * row.num_wins) / row.num_trades, 0)} won` : null),
    tile("cycles", "Decision cycles", count(analytics?.invocation_breakdown_table?.num_invocations ?? null), start ? `since ${age((last?.timestamp ?? start.inception_date) - start.inception_date)}` : null),
    tile("fees", "Fees, closed trades", usd(fees), open ? `and ${usd(open)} for open positions` : null),
    tile("cost", "Cost of the model", isPriced ? usd(cost) : "unknown", isKnown(tokens) ? `${count(tokens)} tokens` : "told by the prometheus exporter"),
    tile("equity", "Equity", usd(row?.equity ?? last?.dollar_equity ?? null), origin(start, last)),
  ]);
}

/** What is good to know besides the ten, as a definition list. */
export function furtherTiles(store, trader) {
  const rows = store.totals.of(trader);
  const last = rows.at(-1) ?? null;
  const gross = exposure(rows).gross.at(-1)?.[1] ?? null;
  return h("dl", { class: "tiles" }, [
    tile("realised", "Realised / open", gain(last?.realized_pnl), last ? `open ${gain(last.total_unrealized_pnl)}` : null, tone(last?.realized_pnl)),
    tile("exposure", "Exposure", percent(gross, 0), isKnown(last?.margin_used_pct) ? `margin used ${percent(last.margin_used_pct)}` : null),
  ]);
}

/** Where a trader stands, or why it stands nowhere. */
function rankTile(store, row) {
  if (!row) return tile("rank", "Rank", NONE);
  if (!isRanked(row)) return tile("rank", "Rank", "not ranked", row.unranked_reason);
  const place = places(store);
  const chance = isKnown(row.beats_baseline_p) ? `beats the best baseline: ${percent(100 * row.beats_baseline_p, 0)}` : "by return";
  return tile("rank", "Rank", `${count(place.get(row.id))} of ${count(place.size)}`, chance);
}

/** What equity is made of besides profit: the start, and capital that a rebalance moved since. */
function origin(start, last) {
  if (!start) return null;
  const moved = movedCapital(start, last) ?? 0;
  const words = `started with ${usd(start.nav_since_inception)}`;
  return Math.abs(moved) < 0.01 ? words : `${words}, moved ${gain(moved)}`;
}

/** A trader's row of `api/analytics`, or null. */
export const analyticsOf = (store, trader) =>
  (store.data("analytics")?.analytics ?? []).find((one) => one.model_id === trader) ?? null;

function tile(key, name, value, detail, mood = null) {
  return h("div", { class: "tile", dataset: { tile: key } }, h("dt", {}, name), h("dd", {}, h("span", { class: mood }, value), detail ? h("small", {}, detail) : null));
}
