// Numbers, dates and amounts in the reader's locale, by Intl.

import { settings } from "./settings.js";
import { text } from "./texts.js";

/** Milliseconds. */
export const DAY = 86_400_000;
const made = new Map();

/** Intl's objects are costly to make. */
function kept(Kind, options) {
  const key = `${Kind.name} ${settings.locale} ${JSON.stringify(options)}`;
  if (!made.has(key)) {
    made.set(key, new Kind(settings.locale, options));
  }
  return made.get(key);
}

function number(value, options) {
  return kept(Intl.NumberFormat, options).format(value);
}

/** Every digit. */
export function exact(value) {
  return number(value, { maximumFractionDigits: 20 });
}

/** Three digits and a word: 1.23M. */
export function compact(value) {
  const size = Math.abs(Number(value));
  return number(
    value,
    size < 1000
      ? { maximumFractionDigits: 2 }
      : // There is no word that is read for more than 999 trillions.
        { notation: size < 999.5e12 ? "compact" : "scientific", maximumSignificantDigits: 3 },
  );
}

/** A part of a whole, from 0 to 1. */
export function share(value) {
  return number(value, { style: "percent", maximumFractionDigits: value > 0 && value < 0.1 ? 1 : 0 });
}

function inUnit(value, unit) {
  const small = Math.abs(value) < 1000;
  return number(value, {
    style: "unit",
    unit,
    unitDisplay: "short",
    maximumSignificantDigits: 3,
    ...(small ? {} : { notation: "compact" }),
  });
}

const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];

function bytes(value) {
  // What three digits show as 1000 belongs into the next unit.
  const step = Math.max(
    0,
    BYTES.findIndex(
      (unit, power) => Math.abs(Number((value / 1000 ** power).toPrecision(3))) < 1000 || power === BYTES.length - 1,
    ),
  );
  return inUnit(value / 1000 ** step, BYTES[step]);
}

function seconds(value) {
  const size = Math.abs(value);
  if (size < 60) {
    return inUnit(value, "second");
  }
  return size < 3600 ? inUnit(value / 60, "minute") : inUnit(value / 3600, "hour");
}

const AMOUNTS = {
  count: (value) => compact(value),
  bytes: (value) => bytes(Number(value)),
  seconds: (value) => seconds(Number(value)),
  minutes: (value) =>
    Math.abs(Number(value)) < 60 ? inUnit(Number(value), "minute") : inUnit(Number(value) / 60, "hour"),
};

const EXACT = {
  count: (value) => exact(value),
  bytes: (value) => text("exact_bytes", { amount: exact(value) }),
  seconds: (value) => text("exact_seconds", { amount: exact(value) }),
  minutes: (value) => text("exact_minutes", { amount: exact(value) }),
};

/** An amount as one reads it: `unit` is count, bytes, seconds or minutes. */
export function amount(value, unit) {
  return AMOUNTS[unit](value);
}

/** The same with every digit. */
export function exactAmount(value, unit) {
  return EXACT[unit](value);
}

/** US dollars. What is not zero never looks like it: three digits that count are always there. */
export function cost(value) {
  const size = Math.abs(value);
  const digits = size === 0 || size >= 1 ? 2 : Math.min(20, 2 - Math.floor(Math.log10(size)));
  return dollars(value, { minimumFractionDigits: 2, maximumFractionDigits: Math.max(2, digits) });
}

/** The same where there is little room: $1.23M. */
export function compactCost(value) {
  return Math.abs(value) < 100_000 ? cost(value) : dollars(value, { notation: "compact", maximumSignificantDigits: 3 });
}

export function exactCost(value) {
  return dollars(value, { minimumFractionDigits: 2, maximumFractionDigits: 20 });
}

function dollars(value, options) {
  // What 20 digits behind the point cannot hold.
  const tiny = value !== 0 && Math.abs(value) < 1e-17;
  return number(value, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    ...(tiny ? { notation: "scientific", maximumSignificantDigits: 3 } : options),
  });
}

/** How much more than before: 0.5 is half as much again; null where there is nothing to compare. */
export function growth(now, before) {
  if (before === null || (Number(before) === 0 && Number(now) === 0)) {
    return null;
  }
  return Number(before) === 0 ? Infinity : Number(now) / Number(before) - 1;
}

/** A growth with its sign. */
export function changeBy(ratio) {
  if (ratio === Infinity) {
    return text("new");
  }
  // Of next to nothing anything is very much more.
  if (ratio >= 100) {
    return `>×${exact(100)}`;
  }
  if (ratio >= 10) {
    return `×${compact(ratio + 1)}`;
  }
  return number(ratio, {
    style: "percent",
    signDisplay: "exceptZero",
    maximumFractionDigits: Math.abs(ratio) < 0.1 ? 1 : 0,
  });
}

// ---- Time: a day is a day of UTC, "2026-11-26" ----

export function dayOf(instant) {
  return new Date(instant).toISOString().slice(0, 10);
}

export function dayAfter(day, days = 1) {
  return dayOf(Date.parse(day) + days * DAY);
}

/** What no calendar of the browser's can hold is shown as it came. */
function day(text, options) {
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? text : kept(Intl.DateTimeFormat, { timeZone: "UTC", ...options }).format(instant);
}

export function shortDay(text) {
  return day(text, { day: "numeric", month: "short" });
}

export function longDay(text) {
  return day(text, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
}

export function month(text) {
  return day(text, { month: "long", year: "numeric" });
}

/** From one day to another, both included. */
export function dayRange(first, last) {
  return kept(Intl.DateTimeFormat, { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" }).formatRange(
    Date.parse(first),
    Date.parse(last),
  );
}

/** An instant on the reader's own clock; with its day if that is not today. */
export function clock(instant) {
  const today = new Date(instant).toDateString() === new Date().toDateString();
  return kept(Intl.DateTimeFormat, {
    ...(today ? {} : { day: "numeric", month: "short" }),
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(instant);
}

/** For sorting texts as the reader's language does. */
export function collator() {
  return kept(Intl.Collator, { numeric: true });
}
