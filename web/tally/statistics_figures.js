// What the page of /usage/ shows, worked out from the reply of /v1/usage/stats; nothing here knows the page.

import {dayAfter, dayOf} from './format.js';

export const FIGURES = ['messages', 'input_tokens', 'output_tokens', 'cached_tokens', 'total_tokens', 'cost_usd'];

const ZERO = Object.fromEntries(FIGURES.map((figure) => [figure, 0]));
/** More periods than this are not filled up: what asks for them is a mistake. */
const MOST = 4000;

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

/**
 * A row for each period of the window, those without events too: {start, partial, and the six figures}. `partial`
 * are the ones that the window cuts, or that have not ended at `at`, in milliseconds since 1970.
 */
export function periodsOf({buckets, filters_applied: {since, until, bucket}}, at) {
  const [from, to] = [Date.parse(since), Date.parse(until)];
  const found = new Map(buckets.map((row) => [row.ts.split('T')[0], row]));
  const starts = [];
  if (!Number.isNaN(from) && !Number.isNaN(to) && to > from) {
    const last = dayOf(to - 1);
    for (let start = START[bucket](dayOf(from)); start <= last && starts.length < MOST; start = NEXT[bucket](start)) {
      starts.push(start);
    }
  }
  const all = starts.length < MOST ? starts : [];
  const extra = [...found.keys()].filter((start) => !all.includes(start));
  return [...all, ...extra].map((start) => {
    const [begins, ends] = [Date.parse(start), Date.parse(NEXT[bucket](start))];
    return {...ZERO, ...found.get(start), start, partial: begins < from || ends > to || ends > at};
  });
}

/** Since when and until when each choice goes, at an instant; until "" is now. */
export const WINDOWS = {
  today: (day) => [day, ''],
  '7d': (day) => [dayAfter(day, -6), ''],
  '30d': (day) => [dayAfter(day, -29), ''],
  '90d': (day) => [dayAfter(day, -89), ''],
  month: (day) => [START.month(day), ''],
  last: (day) => [START.month(dayAfter(START.month(day), -1)), START.month(day)],
  year: (day) => [START.month(dayAfter(START.month(day), -334)), ''],
};
