// What the overview shows, worked out from the reply of /admin/usage; nothing here knows the page.

import { addUp, Sum } from "./amounts.js";
import { DAY, dayAfter, dayOf } from "./format.js";
import { oncePer } from "./once.js";
import { inOrder, unitOf } from "./resource_types.js";

/** Of a type without an amount the events count. */
function amountOf(row) {
  return unitOf(row.resource_type) === null ? row.event_count : row.total_value;
}

/** The rows of each key, the keys in the order in which they are found. */
export function groupBy(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (!groups.has(key)) {
      groups.set(key, []);
    }
    groups.get(key).push(row);
  }
  return groups;
}

function sumOf(rows, value) {
  return addUp(rows.map(value));
}

/** Events, amount and second amount (tokens out) of each type. */
export const totalsByType = oncePer((data) => {
  return new Map(
    [...groupBy(data.by_collection, (row) => row.resource_type)].map(([type, rows]) => [
      type,
      {
        events: sumOf(rows, (row) => row.event_count),
        amount: sumOf(rows, amountOf),
        second: sumOf(rows, (row) => row.secondary_value),
      },
    ]),
  );
});

/** The day of a row: "2026-11-26" of "2026-11-26T00:00:00Z". */
function dayIn(row) {
  return row.day.split("T")[0];
}

/** @param {Map} [before]  of a period before: a type that is no more is one too */
export function typesOf(data, before = new Map()) {
  const past = [...before].filter(([, { events }]) => events > 0).map(([type]) => type);
  return inOrder(new Set([...[...data.by_collection, ...data.daily].map((row) => row.resource_type), ...past]));
}

/** A row for each collection: {id, title, events, amounts: Map by type, second: tokens out}. */
export const collectionsOf = oncePer((data) => {
  return [...groupBy(data.by_collection, (row) => row.collection_id).values()].map((rows) => ({
    id: rows[0].collection_id,
    title: rows[0].collection_title,
    events: sumOf(rows, (row) => row.event_count),
    amounts: new Map(rows.map((row) => [row.resource_type, amountOf(row)])),
    second: sumOf(rows, (row) => row.secondary_value),
  }));
});

/** AI jobs by type and level, of all collections together. */
export const kindsOf = oncePer((data) => {
  const groups = groupBy(data.ai_drilldown, (row) => JSON.stringify([row.job_type, row.model_level]));
  return [...groups.values()].map((rows) => ({
    job_type: rows[0].job_type,
    model_level: rows[0].model_level,
    tokens_in: sumOf(rows, (row) => row.tokens_in),
    tokens_out: sumOf(rows, (row) => row.tokens_out),
    event_count: sumOf(rows, (row) => row.event_count),
  }));
});

/** The same for each collection by itself. */
export const kindsByCollection = oncePer((data) =>
  data.ai_drilldown.map((row) => ({ ...row, id: row.collection_id, title: row.collection_title })),
);

/** The days from the first of the window to today; then those that have events all the same. */
function daysOf(data, at, days) {
  const [first, last] = [dayOf(at - days * DAY), dayOf(at)];
  const all = [];
  for (let day = first; day <= last; day = dayAfter(day)) {
    all.push(day);
  }
  const found = new Set(data.daily.map(dayIn));
  return [...[...found].filter((day) => day < first).sort(), ...all, ...[...found].filter((day) => day > last).sort()];
}

/**
 * What each type had on each day; a day without events is zero. `partial` are the places of days that are not
 * whole: today, and the one in which the window begins.
 */
export function dailyOf(data, at, days) {
  const names = daysOf(data, at, days);
  const places = new Map(names.map((day, place) => [day, place]));
  const byType = new Map();
  for (const row of data.daily) {
    if (!byType.has(row.resource_type)) {
      byType.set(row.resource_type, { events: names.map(() => 0), amounts: names.map(() => 0) });
    }
    const values = byType.get(row.resource_type);
    values.events[places.get(dayIn(row))] = row.event_count;
    values.amounts[places.get(dayIn(row))] = amountOf(row);
  }
  const partial = new Set([places.get(dayOf(at)), places.get(dayOf(at - days * DAY))]);
  return { days: names, byType, partial };
}

/** The first ones by size, and the rest of them as one. */
export function topOf(groups, most, valueOf) {
  const sorted = [...groups]
    .map((group) => [group, Number(valueOf(group))])
    .sort(([, a], [, b]) => b - a)
    .map(([group]) => group);
  return sorted.length <= most + 1
    ? { top: sorted, rest: [] }
    : { top: sorted.slice(0, most), rest: sorted.slice(most) };
}

/** What a longer window has more than one that lies in it, by type: the period before. */
export function periodBefore(both, now) {
  const before = new Map();
  for (const [type, { events, amount }] of both) {
    const later = now.get(type) ?? { events: 0, amount: 0 };
    before.set(type, { events: difference(events, later.events), amount: difference(amount, later.amount) });
  }
  return before;
}

/** The same for each collection: a Map by id of {events, amounts: Map by type}. */
export function beforeByCollection(both, now) {
  const later = new Map(collectionsOf(now).map((row) => [row.id, row]));
  return new Map(
    collectionsOf(both).map(({ id, events, amounts }) => [
      id,
      {
        events: difference(events, later.get(id)?.events ?? 0),
        amounts: new Map(
          [...amounts].map(([type, amount]) => [type, difference(amount, later.get(id)?.amounts.get(type) ?? 0)]),
        ),
      },
    ]),
  );
}

/** Events that came between the two answers can make it less than nothing. */
function difference(whole, part) {
  const rest = new Sum().add(whole).add(-part).value;
  return rest > 0 ? rest : 0;
}
