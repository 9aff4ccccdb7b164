// The page of /admin/: what every collection consumed.

import { oneOf, wholeNumber, words } from "./address.js";
import { Cards } from "./cards.js";
import { choosing, Collections, titleOf } from "./collections.js";
import { buttons } from "./controls.js";
import { chosenField, COST, findCost } from "./cost.js";
import { Daily } from "./daily.js";
import { element, foreign } from "./element.js";
import { ask } from "./fetching.js";
import { DAY, dayOf, dayRange } from "./format.js";
import { Kinds } from "./kinds.js";
import { Later } from "./later.js";
import { beforeByCollection, collectionsOf, periodBefore, totalsByType, typesOf } from "./overview_figures.js";
import { Picker } from "./picker.js";
import { Shell } from "./shell.js";
import { tableFields } from "./table_state.js";
import { text } from "./texts.js";
import { isUuid } from "./uuid.js";

const DAYS = [1, 7, 30, 90, 365];
const MOST_DAYS = 365;

const fields = {
  days: wholeNumber(30, 1, MOST_DAYS),
  collection: {
    preset: null,
    read: (given) => (isUuid(given) ? given.toLowerCase() : undefined),
    write: (id) => id ?? "",
  },
  show: chosenField,
  hide: words(),
  daily: oneOf(["chart", "table"]),
  by: oneOf(["kind", "collection"]),
  measure: oneOf(["tokens_in", "tokens_out", "event_count"]),
  ...tableFields("days"),
  ...tableFields("collections"),
  ...tableFields("kinds"),
};

let answer = null;
const titles = new Map();
let everyCollection = { days: null, list: [] };
let finding = null;

const [comparison, cost] = [new Later(draw), new Later(draw)];
const shell = new Shell("overview", {
  fields,
  question: ["days", "collection"],
  load,
  keep,
  press,
  draw,
  forget,
  elsewhere: { href: "../usage/", label: text("page_statistics") },
});
const change = (changes, instead) => shell.change(changes, instead);
const cards = new Cards((type) => change({ show: type }));
const daily = new Daily(change);
const collections = new Collections(change);
const kinds = new Kinds(change);
shell.parts.append(cards.root, daily.root, kinds.root, collections.root);

// ---- The controls ----

const days = buttons(
  text("period"),
  DAYS.map((count) => [count, text("days_short", { count })]),
  (count) => change({ days: count }),
);
const own = element("input", {
  type: "number",
  name: "days",
  min: 1,
  max: MOST_DAYS,
  step: 1,
  required: true,
  "aria-label": text("own_days"),
  onchange: () => own.reportValidity() && change({ days: Number(own.value) }),
});
const picker = new Picker(text("collection"), findCollections, (id) => change(choosing(id)));
shell.controls.append(days.group, element("label", { class: "own" }, own, text("days_unit")), picker.root);

function press() {
  const { days: period, collection: id } = shell.address.values;
  days.press(period);
  if (document.activeElement !== own) {
    own.value = String(period);
  }
  picker.show(id === null ? null : { id, title: titles.get(id) ?? id });
}

/** All collections of the period; where the page shows one, the others are asked for, once. */
function findCollections() {
  const { days: period } = shell.address.values;
  if (everyCollection.days === period) {
    return everyCollection.list;
  }
  if (finding?.days !== period) {
    finding = { days: period, list: askForCollections(period) };
  }
  return finding.list;
}

async function askForCollections(period) {
  try {
    const { data } = await ask("usage", { days: period });
    remember(data, period);
    return everyCollection.list;
  } catch {
    return [...titles].map(([id, title]) => ({ id, title }));
  } finally {
    finding = null;
  }
}

/** @param {number|null} period  null: not all collections are in the data */
function remember(data, period) {
  const list = collectionsOf(data)
    .filter(({ id }) => id !== null)
    .map((row) => ({ id: row.id, title: titleOf(row) }));
  list.forEach(({ id, title }) => titles.set(id, title));
  if (period !== null) {
    everyCollection = { days: period, list };
  }
}

// ---- The numbers ----

async function load(options) {
  const { days: period, collection } = shell.address.values;
  const { data, at } = await ask("usage", { days: period, collection_id: collection }, options);
  return { data, at, days: period, collection };
}

function keep(loaded) {
  answer = { ...loaded, totals: totalsByType(loaded.data) };
  const { at, days: period, collection } = answer;
  remember(loaded.data, loaded.collection === null ? loaded.days : null);
  press();
  comparison.find((signal) => findBefore(answer, signal), text("no_comparison"));
  if (collection === null) {
    cost.find((signal) => findCost(at, period, 2 * period <= MOST_DAYS, signal), text("no_cost"));
  }
}

/** The period before is what twice as many days have more. */
async function findBefore({ data: now, days: period, collection, totals }, signal) {
  if (2 * period > MOST_DAYS) {
    return { unknown: text("no_comparison_beyond", { count: MOST_DAYS }) };
  }
  const { data } = await ask("usage", { days: 2 * period, collection_id: collection }, { signal });
  return { totals: periodBefore(totalsByType(data), totals), collections: beforeByCollection(data, now) };
}

function forget() {
  comparison.forget();
  cost.forget();
}

function describeBefore(at, period) {
  return text("compared_with", { range: dayRange(dayOf(at - 2 * period * DAY), dayOf(at - period * DAY)) });
}

function draw() {
  const { values } = shell.address;
  const { data, at, days: period, collection } = answer;
  const about = collection === null ? text("all_collections") : foreign(titles.get(collection) ?? collection);
  shell.subtitle.replaceChildren(
    `${text("overview_of", { days: text("days_long", { count: period }), range: dayRange(dayOf(at - period * DAY), dayOf(at)) })} · `,
    about,
    ` · ${comparison.found?.unknown ?? describeBefore(at, period)}`,
  );
  if (
    shell.showParts(
      data.by_collection.length > 0
        ? null
        : [text(collection === null ? "empty_overview" : "empty_collection"), text("empty_how")],
    )
  ) {
    const hasCost = collection === null && cost.found?.unknown === undefined;
    const measures = ["", ...(hasCost ? [COST] : []), ...typesOf(data)];
    const known = {
      ...answer,
      before: comparison.found,
      cost: collection === null ? cost.found : undefined,
      costIsOld: cost.isOld,
      measures,
      chosen: measures.includes(values.show) ? values.show : "",
      period: `${period}-days-to-${dayOf(at)}`,
    };
    cards.show(known);
    daily.show(known, values);
    kinds.show(known, values);
    collections.show(known, values);
  }
}

shell.start();
