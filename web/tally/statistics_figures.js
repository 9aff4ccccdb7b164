// What the page of /usage/ shows, worked out from the reply of /v1/usage/stats; nothing here knows the page.

import { DAY, dayAfter, dayOf } from "./format.js";

export const FIGURES = ["messages", "input_tokens", "output_tokens", "cached_tokens", "total_tokens", "cost_usd"];

/** Years have four digits. */
const FIRST = Date.parse("0001-01-01");
const ZERO = Object.fromEntries(FIGURES.map((figure) => [figure, 0]));
/** More periods than this are not filled up: nobody looks at so many. */
const MOST = 20_000;

/** The first day of the period that a day is in; weeks begin on Monday. */
const START = {
  day: (day) => day,
  week: (day) => dayAfter(day, -((new Date(day).getUTCDay() + 6) % 7)),
  month: (day) => `${day.slice(0, 8)}01`,
};

const NEXT = {
  day: (day) => dayAfter(day),
  week: (day) => dayAfter(day, 7),
  month: (day) => START.month(dayAfter(day, 31)),
};

function midnight(day) {
  return Date.parse(`${day}T00:00:00Z`);
}

/** The first day of a month that lies so many months before that of a day. */
function monthsBefore(day, count) {
  const [year, month] = day.split("-").map(Number);
  return dayOf(Date.UTC(year, month - 1 - count, 1));
}

/**
 * `periods`, a row for each period of the window, those without events too: {start, partial, and the six figures}. `partial`
 * are the ones that the window cuts, or that have not ended at `at`, in milliseconds since 1970. Of very many the
 * ones without events are left out; `hasGaps` says so.
 */
export function periodsOf({ buckets, filters_applied: { since, until, bucket } }, at) {
  const [from, to] = [Date.parse(since), Date.parse(until)];
  const found = new Map(buckets.map((row) => [row.ts.split("T")[0], row]));
  const starts = [];
  if (!Number.isNaN(from) && !Number.isNaN(to) && to > from) {
    const last = dayOf(to - 1);
    for (let start = START[bucket](dayOf(from)); start <= last && starts.length < MOST; start = NEXT[bucket](start)) {
      starts.push(start);
    }
  }
  const hasGaps = starts.length === MOST;
  const all = hasGaps ? [] : starts;
  const known = new Set(all);
  const extra = [...found.keys()].filter((start) => !known.has(start));
  const periods = [...all, ...extra].map((start) => {
    const [begins, ends] = [Date.parse(start), Date.parse(NEXT[bucket](start))];
    return { ...ZERO, ...found.get(start), start, partial: begins < from || ends > to || ends > at };
  });
  return { periods, hasGaps };
}

/**
 * Since when and until when each choice goes, at an instant in milliseconds since 1970; until null is now. The ones that are
 * named by days are those of the overview, to the same second: the same totals stand in both.
 */
export const WINDOWS = {
  today: (at) => [midnight(dayOf(at)), null],
  "7d": (at) => [at - 7 * DAY, null],
  "30d": (at) => [at - 30 * DAY, null],
  "90d": (at) => [at - 90 * DAY, null],
  month: (at) => [midnight(START.month(dayOf(at))), null],
  last: (at) => [midnight(monthsBefore(dayOf(at), 1)), midnight(START.month(dayOf(at)))],
  year: (at) => [midnight(monthsBefore(dayOf(at), 11)), null],
};

/** By how many months the period before lies back, where not by the window's own days. */
const MONTHS_BACK = { month: 1, last: 1, year: 12 };

/**
 * What a window is compared with: the one before, and of that as much as has passed of this one. The first 9 hours
 * of today are not compared with all of yesterday.
 *
 * @returns {[number, number]|null}  since and until, in milliseconds since 1970; null where nothing has passed yet, or
 *   the calendar ends
 */
export function windowBefore(name, since, until, at) {
  const whole = name === "today" ? DAY : until - since;
  const start = name in MONTHS_BACK ? midnight(monthsBefore(dayOf(since), MONTHS_BACK[name])) : since - whole;
  return since >= at || start < FIRST ? null : [start, Math.min(start + Math.min(until, at) - since, since)];
}
