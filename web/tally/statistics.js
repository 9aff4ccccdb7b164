// The page of /usage/: messages, tokens and cost of one user, bot, channel, thread or agent, or of all of them.

import { anyText, oneOf } from "./address.js";
import { buttons } from "./controls.js";
import { element, foreign } from "./element.js";
import { ask, serverNow } from "./fetching.js";
import { Figures } from "./figures.js";
import { Filters, FILTERS } from "./filters.js";
import { DAY, dayOf, dayRange } from "./format.js";
import { Later } from "./later.js";
import { Periods } from "./periods.js";
import { Shell } from "./shell.js";
import { FIGURES, periodsOf, windowBefore, WINDOWS } from "./statistics_figures.js";
import { tableFields } from "./table_state.js";
import { text } from "./texts.js";

const BUCKETS = ["day", "week", "month"];
/** What years of four digits can hold, with a day to spare. */
const [FIRST_DAY, LAST_DAY] = ["0001-01-01", "9998-12-31"];
const A_DAY = /^\d{4}-\d\d-\d\d$/;
const aDay = {
  preset: "",
  read: (given) =>
    A_DAY.test(given) && !Number.isNaN(Date.parse(given)) && given >= FIRST_DAY && given <= LAST_DAY
      ? given
      : undefined,
};

const fields = {
  window: oneOf([...Object.keys(WINDOWS), "own"], "30d"),
  from: aDay,
  to: aDay,
  bucket: oneOf(BUCKETS),
  figure: oneOf(FIGURES, "total_tokens"),
  form: oneOf(["bar", "line"]),
  ...Object.fromEntries(FILTERS.map(({ name }) => [name, anyText()])),
  ...tableFields("buckets"),
};

/** What makes it another question, and not another view. */
const QUESTION = ["window", "from", "to", "bucket", ...FILTERS.map(({ name }) => name)];

let answer = null;
let caller = null;

const comparison = new Later(draw);
const shell = new Shell("statistics", {
  fields,
  question: QUESTION,
  load,
  keep,
  press,
  draw,
  greet,
  forget: () => comparison.forget(),
});
const change = (changes, instead) => shell.change(changes, instead);
const figures = new Figures((figure) => change({ figure }));
const periods = new Periods(change);
const filters = new Filters(change);
shell.parts.append(figures.root, periods.root, periods.list);

// ---- The controls ----

const windows = buttons(
  text("period"),
  [...Object.keys(WINDOWS), "own"].map((name) => [name, text(`window_${name}`)]),
  chooseWindow,
);
const buckets = buttons(
  text("bucket"),
  BUCKETS.map((bucket) => [bucket, text(`bucket_${bucket}`)]),
  (bucket) => change({ bucket, buckets_page: 1 }),
);
const [from, to] = ["from", "to"].map((name) =>
  element("input", { type: "date", name, min: FIRST_DAY, max: LAST_DAY, required: true, onchange: chooseDays }),
);
const own = element(
  "div",
  { class: "own-window" },
  element("label", {}, text("from"), from),
  element("label", {}, text("to"), to),
);
shell.controls.append(windows.group, own, buckets.group, filters.root);

/** One's own window begins as the one that is shown. */
function chooseWindow(name) {
  const [since, until] = currentWindow();
  change(
    name === "own"
      ? { window: name, from: dayOf(since), to: dayOf((until ?? serverNow()) - 1), buckets_page: 1 }
      : { window: name, from: "", to: "", buckets_page: 1 },
  );
}

function chooseDays() {
  to.setCustomValidity(from.value && to.value && to.value < from.value ? text("to_before_from") : "");
  if (from.value && to.value && to.reportValidity()) {
    change({ from: from.value, to: to.value, buckets_page: 1 });
  }
}

/** Since and until, in milliseconds since 1970; until is not included, and null is now. */
function currentWindow() {
  const { from: first, to: last } = shell.address.values;
  if (windowName() !== "own") {
    return WINDOWS[windowName()](serverNow());
  }
  const [since, end] = [first, last].map((day) => Date.parse(day)).sort((one, other) => one - other);
  return [since, end + DAY];
}

/** An own window without days is none. */
function windowName() {
  const { window: name, from: first, to: last } = shell.address.values;
  return name === "own" && (first === "" || last === "") ? fields.window.preset : name;
}

function press() {
  const { values } = shell.address;
  windows.press(windowName());
  buckets.press(values.bucket);
  own.hidden = windowName() !== "own";
  [from.value, to.value] = [values.from, values.to];
  to.setCustomValidity("");
  filters.show(values);
}

// ---- The numbers ----

function instantOf(at) {
  return at === null ? null : new Date(at).toISOString().replace(".000Z", "Z");
}

function given() {
  return Object.fromEntries(FILTERS.map(({ name, parameter }) => [parameter, shell.address.values[name].trim()]));
}

async function load(options) {
  const [name, { bucket }] = [windowName(), shell.address.values];
  // Today is the server's, whatever the clock is here.
  await shell.greeted;
  options.signal.throwIfAborted();
  const [since, until] = currentWindow().map(instantOf);
  const { data, at } = await ask("../v1/usage/stats", { since, until, bucket, ...given() }, options);
  const { since: begun, until: ended } = data.filters_applied;
  return { data, at, ...periodsOf(data, at), before: windowBefore(name, Date.parse(begun), Date.parse(ended), at) };
}

function keep(loaded) {
  answer = loaded;
  comparison.find((signal) => findBefore(loaded, signal), text("no_comparison"));
}

async function findBefore({ before, data: now }, signal) {
  if (before === null) {
    return { unknown: text("no_period_before") };
  }
  const [since, until] = before.map(instantOf);
  const { data, at } = await ask(
    "../v1/usage/stats",
    { since, until, bucket: now.filters_applied.bucket, ...given() },
    { signal },
  );
  return { totals: data.totals, ...periodsOf(data, at) };
}

function draw() {
  const { values } = shell.address;
  const { data } = answer;
  const { since, until } = data.filters_applied;
  shell.subtitle.replaceChildren(
    `${dayRange(dayOf(since), dayOf(Date.parse(until) - 1))} · `,
    ...describeFilters(data.filters_applied),
    describeBefore(),
  );
  if (shell.showParts(data.totals.messages > 0 ? null : [text("empty_statistics"), text("empty_how")])) {
    const known = { ...answer, before: comparison.found };
    figures.show(known, values.figure);
    periods.show(known, values);
  }
}

function describeBefore() {
  if (answer.before === null || comparison.found?.unknown !== undefined) {
    return ` · ${comparison.found?.unknown ?? text("no_period_before")}`;
  }
  const [since, until] = answer.before;
  return ` · ${text(until % DAY === 0 ? "compared_with" : "compared_until", { range: dayRange(dayOf(since), dayOf(until - 1)) })}`;
}

function greet(who) {
  caller = who;
  filters.offer(who);
  if (answer !== null) {
    draw();
  }
}

/** What the server says that it went by. */
function describeFilters(applied) {
  const chosen = FILTERS.filter(({ parameter }) => applied[parameter] !== null);
  const isOwn =
    caller !== null && caller.role === "user" && applied.user_id !== null && applied.user_id === caller.user_id;
  const listed = chosen
    .filter(({ name }) => !(isOwn && name === "user"))
    .flatMap(({ name, parameter }) => [", ", `${text(`filter_${name}`)} `, foreign(applied[parameter])]);
  return isOwn ? [text("of_own"), ...listed] : listed.length > 0 ? listed.slice(1) : [text("of_all")];
}

shell.start();
