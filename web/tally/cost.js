// What AI cost in the period of the overview, whose route does not say so: it comes from that of the statistics, which
// knows no collections.

import { ask } from "./fetching.js";

/** How the cost is chosen, where else a type is. */
export const COST = ":cost";

const DAY = 86_400_000;

async function askFor(since, until, bucket, signal) {
  const { data } = await ask(
    "../v1/usage/stats",
    { since: new Date(since).toISOString(), until: new Date(until).toISOString(), bucket },
    { signal },
  );
  return data;
}

/**
 * US dollars: {total, byDay: Map of "2026-11-26", before: those of the period before}.
 *
 * @param {number} at  where the period ends, in milliseconds since 1970  @param {number} days  its length
 */
export async function findCost(at, days, signal) {
  const since = at - days * DAY;
  const [now, before] = await Promise.all([
    askFor(since, at, "day", signal),
    askFor(since - days * DAY, since, "none", signal),
  ]);
  return {
    total: now.totals.cost_usd,
    byDay: new Map(now.buckets.map(({ ts, cost_usd: cost }) => [ts.split("T")[0], cost])),
    before: before.totals.cost_usd,
  };
}
