// The page of /usage/: messages, tokens and cost of one user, bot, channel, thread or agent, or of all of them.

import {Address, oneOf} from './address.js';
import {element, foreign} from './element.js';
import {describeEmpty} from './faults.js';
import {ask} from './fetching.js';
import {Figures} from './figures.js';
import {Filters, FILTERS} from './filters.js';
import {dayOf, dayRange} from './format.js';
import {Periods} from './periods.js';
import {buttons, PERIODS, Shell} from './shell.js';
import {FIGURES, periodsOf, WINDOWS} from './statistics_figures.js';
import {tableFields} from './table.js';
import {text} from './texts.js';

const BUCKETS = ['day', 'week', 'month'];
const DAY = /^\d{4}-\d\d-\d\d$/;
const aDay = {preset: '', read: (given) => (DAY.test(given) && !Number.isNaN(Date.parse(given)) ? given : undefined)};

const fields = {
  window: oneOf([...Object.keys(WINDOWS), 'own'], '30d'),
  from: aDay,
  to: aDay,
  bucket: oneOf(BUCKETS),
  figure: oneOf(FIGURES, 'total_tokens'),
  form: oneOf(['bar', 'line']),
  refresh: {preset: 0, read: (given) => PERIODS.find((seconds) => String(seconds) === given)},
  ...Object.fromEntries(FILTERS.map(({name}) => [name, {preset: '', read: (given) => given}])),
  ...tableFields('buckets'),
};

/** What makes it another question, and not another view. */
const QUESTION = ['window', 'from', 'to', 'bucket', ...FILTERS.map(({name}) => name)];

const address = new Address(fields, (values, before) => {
  press();
  if (QUESTION.some((name) => values[name] !== before[name])) {
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
let caller = null;
let before = null;
let comparing = new AbortController();

const shell = new Shell('statistics', {load, show, cards: 6});
const figures = new Figures((figure) => change({figure}));
const periods = new Periods(change);
const filters = new Filters(change);
const empty = element('div');
const parts = element('div', {class: 'parts'}, figures.root, periods.root, periods.list);
shell.content.append(empty, parts);

// ---- The controls ----

const windows = buttons(text('period'), [...Object.keys(WINDOWS), 'own'].map((name) => [name, text(`window_${name}`)]), chooseWindow);
const buckets = buttons(text('bucket'), BUCKETS.map((bucket) => [bucket, text(`bucket_${bucket}`)]), (bucket) => change({bucket, buckets_page: 1}));
const [from, to] = ['from', 'to'].map((name) => element('input', {type: 'date', name, required: true, onchange: chooseDays}));
const own = element('div', {class: 'own-window'}, element('label', {}, text('from'), from), element('label', {}, text('to'), to));
shell.controls.append(windows.group, own, buckets.group, filters.root);

/** One's own window begins as the one that is shown. */
function chooseWindow(name) {
  const [since, until] = currentWindow();
  change(name === 'own' ? {window: name, from: since, to: until === '' ? dayOf(Date.now()) : dayOf(Date.parse(until) - 1), buckets_page: 1}
    : {window: name, from: '', to: '', buckets_page: 1});
}

function chooseDays() {
  to.setCustomValidity(from.value && to.value && to.value < from.value ? text('to_before_from') : '');
  if (from.value && to.value && to.reportValidity()) {
    change({from: from.value, to: to.value, buckets_page: 1});
  }
}

/** Since and until as days of UTC; until is not included. */
function currentWindow() {
  const {window: name, from: first, to: last} = address.values;
  if (name !== 'own') {
    return WINDOWS[name](dayOf(Date.now()));
  }
  return [first, last === '' ? '' : dayOf(Date.parse(last) + 86_400_000)];
}

function offerPeriods() {
  shell.offerPeriods(address.values.refresh, (seconds) => change({refresh: seconds}));
}

function press() {
  const {values} = address;
  windows.press(values.window);
  buckets.press(values.bucket);
  own.hidden = values.window !== 'own';
  [from.value, to.value] = [values.from, values.to];
  to.setCustomValidity('');
  filters.show(values);
}

// ---- The numbers ----

function instantOf(day) {
  return day === '' ? '' : `${day}T00:00:00Z`;
}

function given() {
  return Object.fromEntries(FILTERS.map(({name, parameter}) => [parameter, address.values[name].trim()]));
}

async function load(options) {
  comparing.abort();
  comparing = new AbortController();
  const [since, until] = currentWindow().map(instantOf);
  const {data, at} = await ask('../v1/usage/stats', {since, until, bucket: address.values.bucket, ...given()}, options);
  return {data, at, periods: periodsOf(data, at)};
}

function show(loaded) {
  if (JSON.stringify(answer?.data.filters_applied) !== JSON.stringify(loaded.data.filters_applied)) {
    before = null;
  }
  answer = loaded;
  draw();
  compare(loaded.data, comparing.signal);
}

/** The period before is as long as the one that is shown, and ends where that begins. */
async function compare({totals, filters_applied: {since, until}}, signal) {
  const [from, to] = [Date.parse(since), Date.parse(until)];
  try {
    const {data} = await ask('../v1/usage/stats', {since: new Date(2 * from - to).toISOString(), until: new Date(from).toISOString(), bucket: 'none', ...given()}, {signal});
    before = data.totals;
  } catch {
    if (signal.aborted) {
      return;
    }
    before = {unknown: text('no_comparison')};
  }
  figures.compare(totals, before);
}

function draw() {
  const {values} = address;
  const {since, until} = answer.data.filters_applied;
  shell.subtitle.replaceChildren(`${dayRange(dayOf(since), dayOf(Date.parse(until) - 1))} · `, ...describeFilters(answer.data.filters_applied));
  const isEmpty = answer.data.totals.messages === 0;
  parts.hidden = isEmpty;
  empty.replaceChildren(...(isEmpty ? [describeEmpty([text('empty_statistics'), text('empty_how')])] : []));
  if (!isEmpty) {
    figures.show(answer.data.totals, answer.periods, values.figure);
    figures.compare(answer.data.totals, before);
    periods.show(answer, values);
  }
}

/** What the server says that it went by. */
function describeFilters(applied) {
  const chosen = FILTERS.filter(({parameter}) => applied[parameter] !== null);
  const isOwn = caller !== null && caller.role === 'user' && applied.user_id !== null && applied.user_id === caller.user_id;
  const listed = chosen.filter(({name}) => !(isOwn && name === 'user')).flatMap(({name, parameter}) => [', ', `${text(`filter_${name}`)} `, foreign(applied[parameter])]);
  return isOwn ? [text('of_own'), ...listed] : listed.length > 0 ? listed.slice(1) : [text('of_all')];
}

press();
offerPeriods();
shell.cycle.ask();
shell.greet().then((who) => {
  caller = who;
  filters.offer(who);
  if (answer !== null) {
    draw();
  }
});
