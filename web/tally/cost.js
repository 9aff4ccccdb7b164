// What AI cost in the period of the overview, whose route does not say so: it comes from that of the statistics, which
// knows no collections.

import { ask } from "./fetching.js";
import { DAY } from "./format.js";

/** How the cost is chosen, where else a type is: no text of the database can be this. */
export const COST = "\u0000cost";

/** What is chosen, as it stands in the address: ":cost", and a type that begins so with one more colon. */
export const chosenField = {
  preset: "",
  read: (given) => (given === ":cost" ? COST : given.replace(/^::/, ":")),
  write: (chosen) => (chosen === COST ? ":cost" : chosen.replace(/^:/, "::")),
};

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
 * @param {boolean} compare  whether the period before is wanted; else it is null
 */
export async function findCost(at, days, compare, signal) {
  const since = at - days * DAY;
  const [now, before] = await Promise.all([
    askFor(since, at, "day", signal),
    compare ? askFor(since - days * DAY, since, "none", signal) : null,
  ]);
  return {
    total: now.totals.cost_usd,
    byDay: new Map(now.buckets.map(({ ts, cost_usd: cost }) => [ts.split("T")[0], cost])),
    before: before?.totals.cost_usd ?? null,
  };
}
