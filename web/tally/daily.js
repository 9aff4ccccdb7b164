// The days: bars of all types on each other by their events, or those of one type by its amount.

import {addUp} from './amounts.js';
import {element, foreign} from './element.js';
import {amount, compact, exact, exactAmount, longDay, shortDay} from './format.js';
import {dailyOf, topOf, typesOf} from './overview_figures.js';
import {chartOrTable, panel} from './panel.js';
import {Plot} from './plot.js';
import {classOf, isKnown, nameOf, unitOf} from './resource_types.js';
import {Table} from './table.js';
import {text} from './texts.js';

/** Bars of more types than this are one. */
const MOST = 7;
const REST = '\u0000rest';

function colourOf(type) {
  return type === REST || !isKnown(type) ? '--type-other' : `--type-${type}`;
}

function labelOf(type) {
  return type === REST ? text('other_types') : nameOf(type);
}

export class Daily {
  constructor(change) {
    this.change = change;
    this.plot = new Plot({stacked: true});
    this.table = new Table({name: 'days', title: text('daily'), filterable: false, sort: '-day', change});
    this.panel = panel('daily', text('daily'), this.legend = element('div', {class: 'legend', role: 'group', 'aria-label': text('legend')}),
                       this.plot.root, this.table.root);
    this.view = chartOrTable(text('daily'), this.plot.root, this.table.root, (shown) => change({daily: shown}));
    this.measure = element('select', {name: 'show', 'aria-label': text('measure'), onchange: () => change({show: this.measure.value})});
    this.panel.tools.append(this.measure, this.view.choice, this.table.tools);
    this.root = this.panel.root;
  }

  show({data, at, days}, values) {
    const types = typesOf(data);
    const chosen = types.includes(values.show) ? values.show : '';
    const daily = dailyOf(data, at, days);
    this.#offer(types, chosen);
    this.view.show(values.daily);
    this.#draw(daily, chosen, values);
    this.#list(daily, types, values);
  }

  #offer(types, chosen) {
    this.measure.replaceChildren(element('option', {value: ''}, text('all_events')), ...types.map((type) => element('option', {value: type}, nameOf(type))));
    this.measure.value = chosen;
  }

  /** What is stacked: the types, the small ones of very many as one. */
  #stack({byType, days}) {
    const sums = [...byType].map(([type, {events}]) => [type, events, addUp(events)]);
    const {top, rest} = topOf(sums, MOST, ([, , sum]) => sum);
    const shown = new Map(top.map(([type, events]) => [type, events]));
    if (rest.length > 0) {
      shown.set(REST, days.map((_, place) => addUp(rest.map(([, events]) => events[place]))));
    }
    return shown;
  }

  #draw(daily, chosen, values) {
    const stack = chosen === '' ? this.#stack(daily) : new Map([[chosen, daily.byType.get(chosen)?.amounts ?? []]]);
    const order = [...typesOf({by_collection: [], daily: [...stack.keys()].filter((type) => type !== REST).map((type) => ({resource_type: type}))}),
                   ...(stack.has(REST) ? [REST] : [])];
    const unit = chosen === '' ? null : unitOf(chosen);
    this.#drawLegend(chosen === '' ? order : [], values.hide);
    this.plot.show({
      labels: daily.days.map(shortDay),
      titles: daily.days.map((day, place) => `${longDay(day)}${daily.partial.has(place) ? ' *' : ''}`),
      format: (value) => (unit === null ? compact(value) : amount(value, unit)),
      partial: daily.partial,
      series: order.filter((type) => chosen !== '' || !values.hide.includes(type))
        .map((type) => ({name: labelOf(type), colour: colourOf(type), values: stack.get(type).map(Number)})),
      summary: text('daily_summary', {what: chosen === '' ? text('all_events') : nameOf(chosen), count: daily.days.length}),
    });
  }

  #drawLegend(types, hidden) {
    const had = document.activeElement?.dataset?.type;
    const inLegend = this.legend.contains(document.activeElement);
    this.legend.replaceChildren(
      ...types.map((type) => element('button', {type: 'button', class: `legend-entry ${type === REST ? 'type-other' : classOf(type)}`, 'data-type': type,
                                                'aria-pressed': String(!hidden.includes(type)), onclick: () => this.#toggle(type, hidden)},
        element('span', {class: 'swatch', 'aria-hidden': 'true'}), type === REST || isKnown(type) ? labelOf(type) : foreign(type))),
      element('span', {class: 'legend-note'}, element('span', {class: 'swatch open', 'aria-hidden': 'true'}), text('not_complete')));
    if (inLegend) {
      [...this.legend.children].find((entry) => entry.dataset.type === had)?.focus();
    }
  }

  #toggle(type, hidden) {
    this.change({hide: hidden.includes(type) ? hidden.filter((one) => one !== type) : [...hidden, type]});
  }

  #list({days, byType, partial}, types, values) {
    const rows = days.map((day, place) => ({
      day, partial: partial.has(place),
      events: addUp([...byType.values()].map(({events}) => events[place])),
      amounts: Object.fromEntries([...byType].map(([type, {amounts}]) => [type, amounts[place]])),
    }));
    this.table.show(rows, [
      {key: 'day', label: text('day'), value: (row) => row.day, cell: (row) => element('span', {}, longDay(row.day), row.partial ? element('small', {}, ` ${text('not_complete')}`) : null)},
      {key: 'events', label: text('all_events'), value: (row) => row.events, format: exact, sum: true},
      ...types.filter((type) => unitOf(type) !== null || types.length > 1).map((type) => ({
        key: `type:${type}`, label: nameOf(type), value: (row) => row.amounts[type] ?? 0, sum: true, colour: classOf(type),
        format: (value) => (unitOf(type) === null ? compact(value) : amount(value, unitOf(type))),
        exact: (value) => (unitOf(type) === null ? exact(value) : exactAmount(value, unitOf(type))),
      })),
    ], values);
  }
}
