// A card for each resource type, and one for all events: how much, and how much more than before.

import {addUp} from './amounts.js';
import {Change} from './change.js';
import {element, foreign, icon, unseen} from './element.js';
import {amount, compact, exact, exactAmount} from './format.js';
import {dailyOf, typesOf} from './overview_figures.js';
import {Sparkline} from './plot.js';
import {classOf, drawingOf, isKnown, nameOf, unitOf} from './resource_types.js';
import {text} from './texts.js';

const ALL = '';
const PILE = 'M12 3l9 5-9 5-9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5';

class Card {
  constructor(type, choose) {
    this.type = type;
    this.value = element('span', {class: 'value'});
    this.change = new Change();
    this.detail = element('span', {class: 'detail'});
    this.line = new Sparkline();
    const name = type === ALL ? text('all_events') : isKnown(type) ? nameOf(type) : foreign(type);
    this.root = element('button', {type: 'button', class: `card ${type === ALL ? 'type-all' : classOf(type)}`, 'data-type': type, 'aria-pressed': 'false',
                                   title: text('card_hint'), onclick: () => choose(this.root.getAttribute('aria-pressed') === 'true' ? ALL : type)},
      element('span', {class: 'card-name'}, element('span', {class: 'badge'}, icon(type === ALL ? PILE : drawingOf(type))), element('span', {}, name)),
      element('span', {class: 'card-figure'}, this.value, this.change.root), this.detail, this.line.root);
  }

  /** Of all events and of types without an amount the events are the figure. */
  get unit() {
    return this.type === ALL ? null : unitOf(this.type);
  }

  show({events, amount: size, second}, days, chosen) {
    const shown = this.unit === null ? compact(events) : amount(size, this.unit);
    const all = this.unit === null ? text('events', {count: events}) : exactAmount(size, this.unit);
    this.size = size;
    this.value.replaceChildren(element('span', {title: all, 'aria-hidden': 'true'}, shown), unseen(all));
    this.detail.textContent = this.unit === null ? text(this.type === ALL ? 'events_unit' : 'events_only')
      : [this.type === 'ai' ? text('tokens_out', {amount: compact(second)}) : null, text('events', {count: events})].filter(Boolean).join(' · ');
    this.detail.title = this.type === 'ai' ? `${text('tokens_out', {amount: exact(second)})} · ${text('events', {count: events})}` : '';
    this.root.setAttribute('aria-pressed', String(this.type === chosen));
    this.line.show(days);
  }

  compare(earlier) {
    this.change.show(this.size, earlier, (value) => (this.unit === null ? exact(value) : exactAmount(value, this.unit)));
  }
}

export class Cards {
  /** @param {function(string)} choose  gets a type, or "" for all events */
  constructor(choose) {
    this.choose = choose;
    this.cards = new Map();
    this.root = element('section', {class: 'cards', 'aria-label': text('types')});
  }

  show(answer, before, {show}) {
    const {data, totals, at, days} = answer;
    const {byType, days: names} = dailyOf(data, at, days);
    const types = [ALL, ...typesOf(data)];
    this.#arrange(types);
    const none = {events: 0, amount: 0, second: 0};
    const perDay = (place) => addUp([...byType.values()].map(({events}) => events[place]));
    const events = addUp([...totals.values()].map((one) => one.events));
    for (const type of types) {
      const line = type === ALL ? names.map((_, place) => perDay(place)) : byType.get(type)?.amounts ?? names.map(() => 0);
      this.cards.get(type).show(type === ALL ? {events, amount: events, second: 0} : totals.get(type) ?? none, line.map(Number), show);
    }
    this.compare(answer, before);
  }

  compare(answer, before) {
    for (const [type, card] of this.cards) {
      if (before === null) {
        card.change.clear();
      } else if (before.unknown !== undefined) {
        card.change.excuse(before.unknown);
      } else {
        card.compare(type === ALL ? addUp([...before.totals.values()].map((one) => one.events)) : before.totals.get(type)?.amount ?? 0);
      }
    }
  }

  #arrange(types) {
    if (JSON.stringify(types) === JSON.stringify([...this.cards.keys()])) {
      return;
    }
    this.cards = new Map(types.map((type) => [type, new Card(type, this.choose)]));
    this.root.replaceChildren(...[...this.cards.values()].map((card) => card.root));
  }
}
