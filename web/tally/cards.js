// A card for each resource type, and one for all events.

import {addUp} from './amounts.js';
import {Card} from './card.js';
import {element, foreign} from './element.js';
import {amount, compact, exact, exactAmount} from './format.js';
import {dailyOf, typesOf} from './overview_figures.js';
import {classOf, drawingOf, isKnown, nameOf, unitOf} from './resource_types.js';
import {text} from './texts.js';

const ALL = '';
const PILE = 'M12 3l9 5-9 5-9-5zM3 12.5l9 5 9-5M3 17l9 5 9-5';
const NONE = {events: 0, amount: 0, second: 0};

/** Of all events, and of types without an amount, the events are the figure. */
function unitFor(type) {
  return type === ALL ? null : unitOf(type);
}

function shown(size, type) {
  return unitFor(type) === null ? compact(size) : amount(size, unitFor(type));
}

function whole(size, type) {
  return unitFor(type) === null ? text('events', {count: size}) : exactAmount(size, unitFor(type));
}

/** What stands below the figure; `write` is how the tokens out are written. */
function detailOf({events, second}, type, write) {
  if (unitFor(type) === null) {
    return text(type === ALL ? 'events_unit' : 'events_only');
  }
  const counted = text('events', {count: events});
  return type === 'ai' ? `${text('tokens_out', {amount: write(second)})} · ${counted}` : counted;
}

function sumOfEvents(totals) {
  const events = addUp([...totals.values()].map((one) => one.events));
  return {...NONE, events, amount: events};
}

function figureOf(totals, type) {
  return type === ALL ? sumOfEvents(totals) : totals.get(type) ?? NONE;
}

/** A value for each day. */
function lineOf({byType, days}, type) {
  return type === ALL ? days.map((_, place) => addUp([...byType.values()].map(({events}) => events[place])))
    : byType.get(type)?.amounts ?? days.map(() => 0);
}

export class Cards {
  /** @param {function(string)} choose  gets a type, or "" for all events */
  constructor(choose) {
    this.choose = choose;
    this.cards = new Map();
    this.root = element('section', {class: 'cards', 'aria-label': text('types')});
  }

  show({data, totals, at, days}, before, chosen) {
    this.#arrange([ALL, ...typesOf(data)]);
    const daily = dailyOf(data, at, days);
    for (const [type, card] of this.cards) {
      const figure = figureOf(totals, type);
      card.show({shown: shown(figure.amount, type), whole: whole(figure.amount, type), detail: detailOf(figure, type, compact), detailWhole: detailOf(figure, type, exact),
                 line: lineOf(daily, type), isChosen: type === chosen});
    }
    this.compare(totals, before);
  }

  /** @param {{totals: Map}|{unknown: string}|null} before */
  compare(totals, before) {
    for (const [type, {change}] of this.cards) {
      change.tell(before, () => [figureOf(totals, type).amount, figureOf(before.totals, type).amount], (size) => whole(size, type));
    }
  }

  #arrange(types) {
    if (JSON.stringify(types) === JSON.stringify([...this.cards.keys()])) {
      return;
    }
    this.cards = new Map(types.map((type) => [type, this.#make(type)]));
    this.root.replaceChildren(...[...this.cards.values()].map(({root}) => root));
  }

  #make(type) {
    const name = type === ALL ? text('all_events') : isKnown(type) ? nameOf(type) : foreign(type);
    const card = new Card({
      name, drawing: type === ALL ? PILE : drawingOf(type), look: type === ALL ? 'type-all' : classOf(type), hint: text('card_hint'), data: {'data-type': type},
      // A second click leads back to all.
      choose: () => this.choose(card.root.getAttribute('aria-pressed') === 'true' ? ALL : type),
    });
    return card;
  }
}
