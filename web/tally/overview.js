// The page of /admin/: what every collection consumed.

import {Address, oneOf, wholeNumber, words} from './address.js';
import {Cards} from './cards.js';
import {Daily} from './daily.js';
import {element} from './element.js';
import {describeEmpty} from './faults.js';
import {ask} from './fetching.js';
import {dayOf, dayRange} from './format.js';
import {Kinds} from './kinds.js';
import {collectionsOf, periodBefore, totalsByType} from './overview_figures.js';
import {Collections, titleOf} from './collections.js';
import {Picker} from './picker.js';
import {buttons, PERIODS, Shell} from './shell.js';
import {tableFields} from './table.js';
import {text} from './texts.js';

const DAYS = [1, 7, 30, 90, 365];
const [MOST_DAYS, DAY] = [365, 86_400_000];
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

const fields = {
  days: wholeNumber(30, 1, MOST_DAYS),
  collection: {preset: null, read: (given) => (UUID.test(given) ? given.toLowerCase() : undefined), write: (id) => id ?? ''},
  show: {preset: '', read: (given) => given},
  hide: words(),
  daily: oneOf(['chart', 'table']),
  by: oneOf(['kind', 'collection']),
  measure: oneOf(['tokens_in', 'tokens_out', 'event_count']),
  refresh: {preset: 0, read: (given) => PERIODS.find((seconds) => String(seconds) === given)},
  ...tableFields('days'),
  ...tableFields('collections'),
  ...tableFields('kinds'),
};

const address = new Address(fields, (values, before) => {
  press();
  if (values.days !== before.days || values.collection !== before.collection) {
    shell.cycle.ask();
  } else if (answer !== null) {
    draw();
  }
  if (values.refresh !== before.refresh) {
    offerPeriods();
  }
});
const change = (changes, instead = false) => address.set(changes, {instead});

let answer = null;
let before = null;
let comparing = new AbortController();
const titles = new Map();
let everyCollection = {days: null, list: []};

const shell = new Shell('overview', {load, show, cards: 6, elsewhere: {href: '../usage/', label: text('page_statistics')}});
const cards = new Cards((type) => change({show: type}));
const daily = new Daily(change);
const collections = new Collections(change);
const kinds = new Kinds(change);
const empty = element('div');
const parts = element('div', {class: 'parts'}, cards.root, daily.root, kinds.root, collections.root);
shell.content.append(empty, parts);

// ---- The controls ----

const days = buttons(text('period'), DAYS.map((count) => [count, text('days_short', {count})]), (count) => change({days: count}));
const own = element('input', {type: 'number', name: 'days', min: 1, max: MOST_DAYS, step: 1, required: true, 'aria-label': text('own_days'),
                              onchange: () => own.reportValidity() && change({days: Number(own.value)})});
const picker = new Picker(text('collection'), findCollections, (id) => change({collection: id, collections_page: 1, kinds_page: 1}));
shell.controls.append(days.group, element('label', {class: 'own'}, own, text('days_unit')), picker.root);

function offerPeriods() {
  shell.offerPeriods(address.values.refresh, (seconds) => change({refresh: seconds}));
}

function press() {
  days.press(address.values.days);
  own.value = String(address.values.days);
  showChosen();
}

function showChosen() {
  const id = address.values.collection;
  picker.show(id === null ? null : {id, title: titles.get(id) ?? id});
}

/** All collections of the period; where the page shows one, the others are asked for. */
async function findCollections() {
  const {days: period} = address.values;
  if (everyCollection.days !== period) {
    try {
      const {data} = await ask('usage', {days: period});
      remember(data, period);
    } catch {
      return [...titles].map(([id, title]) => ({id, title}));
    }
  }
  return everyCollection.list;
}

function remember(data, period) {
  const list = collectionsOf(data).filter(({id}) => id !== null).map((row) => ({id: row.id, title: titleOf(row)}));
  list.forEach(({id, title}) => titles.set(id, title));
  if (period !== null) {
    everyCollection = {days: period, list};
  }
}

// ---- The numbers ----

async function load(options) {
  const {days: period, collection} = address.values;
  comparing.abort();
  comparing = new AbortController();
  const {data, at} = await ask('usage', {days: period, collection_id: collection}, options);
  return {data, at, days: period, collection};
}

function show(loaded) {
  if (answer?.days !== loaded.days || answer?.collection !== loaded.collection) {
    before = null;
  }
  answer = {...loaded, totals: totalsByType(loaded.data)};
  remember(loaded.data, loaded.collection === null ? loaded.days : null);
  showChosen();
  draw();
  compare(answer, comparing.signal);
}

/** The period before is what twice as many days have more. It comes after the numbers themselves, which do not wait for it. */
async function compare(with_, signal) {
  if (2 * with_.days > MOST_DAYS) {
    before = {unknown: text('no_comparison_beyond', {count: MOST_DAYS})};
  } else {
    try {
      const {data} = await ask('usage', {days: 2 * with_.days, collection_id: with_.collection}, {signal});
      before = {totals: periodBefore(totalsByType(data), with_.totals)};
    } catch (problem) {
      if (signal.aborted) {
        return;
      }
      before = {unknown: text('no_comparison')};
    }
  }
  cards.compare(with_, before, address.values);
}

function draw() {
  const {data, at, days: period, collection} = answer;
  shell.subtitle.textContent = text('overview_of', {
    days: text('days_long', {count: period}), range: dayRange(dayOf(at - period * DAY), dayOf(at)),
    collection: collection === null ? text('all_collections') : '',
  });
  if (collection !== null) {
    shell.subtitle.append(titles.has(collection) ? element('bdi', {}, titles.get(collection)) : collection);
  }
  const isEmpty = data.by_collection.length === 0;
  parts.hidden = isEmpty;
  empty.replaceChildren(...(isEmpty ? [describeEmpty([collection === null ? text('empty_overview') : text('empty_collection'), text('empty_how')])] : []));
  if (!isEmpty) {
    cards.show(answer, before, address.values);
    daily.show(answer, address.values);
    kinds.show(answer, address.values);
    collections.show(answer, address.values);
  }
}

press();
offerPeriods();
shell.greet();
shell.cycle.ask();
