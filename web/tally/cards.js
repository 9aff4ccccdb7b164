// A card for all events, one for what AI cost, and one for each resource type.

import { addUp } from "./amounts.js";
import { Card } from "./card.js";
import { COST } from "./cost.js";
import { COIN, PILE } from "./drawings.js";
import { arrange, element, foreign } from "./element.js";
import { amount, compact, compactCost, cost as dollars, exact, exactAmount, exactCost } from "./format.js";
import { dailyOf, typesOf } from "./overview_figures.js";
import { classOf, drawingOf, isKnown, nameOfAmount, unitOf } from "./resource_types.js";
import { text } from "./texts.js";

const ALL = "";
const NONE = { events: 0, amount: 0, second: 0 };

/** The values of the whole days: a part of a day would look like a fall. */
function wholeOf({ days, partial }, value) {
  return days.flatMap((_, place) => (partial.has(place) ? [] : [value(place)]));
}

function sumOfEvents(totals) {
  return addUp([...totals.values()].map((one) => one.events));
}

function ofAll({ totals, before }, daily) {
  const events = sumOfEvents(totals);
  return {
    shown: compact(events),
    whole: text("events", { count: events }),
    detail: text("events_unit"),
    detailWhole: text("events_unit"),
    line: wholeOf(daily, (place) => addUp([...daily.byType.values()].map((one) => one.events[place]))),
    before,
    amounts: () => [events, sumOfEvents(before.totals)],
    write: (size) => text("events", { count: size }),
  };
}

function ofCost({ totals, cost, before }, daily) {
  if (cost === null || cost.unknown !== undefined) {
    return {
      shown: cost === null ? "…" : "–",
      whole: cost?.unknown ?? text("loading"),
      detail: cost?.unknown ?? "",
      detailWhole: cost?.unknown ?? "",
      line: [],
      before: cost,
    };
  }
  const events = Number(totals.get("ai")?.events ?? 0);
  const each = events > 0 ? cost.total / events : 0;
  return {
    shown: compactCost(cost.total),
    whole: exactCost(cost.total),
    detail: text("per_event", { amount: dollars(each) }),
    detailWhole: text("per_event", { amount: exactCost(each) }),
    line: wholeOf(daily, (place) => cost.byDay.get(daily.days[place]) ?? 0),
    before: cost.before === null ? before : cost,
    amounts: () => [cost.total, cost.before],
    write: exactCost,
  };
}

/** Of types without an amount the events are the figure. */
function ofType(type, { totals, before }, daily) {
  const unit = unitOf(type);
  const { events, amount: size, second } = totals.get(type) ?? NONE;
  const write = (value) => (unit === null ? text("events", { count: value }) : exactAmount(value, unit));
  const counted = unit === null ? text("events_only", { count: events }) : text("events", { count: events });
  const detail = (number) =>
    type === "ai" ? `${text("tokens_out", { amount: number(second) })} · ${counted}` : counted;
  return {
    shown: unit === null ? compact(size) : amount(size, unit),
    whole: write(size),
    detail: detail(compact),
    detailWhole: detail(exact),
    line: wholeOf(daily, (place) => daily.byType.get(type)?.amounts[place] ?? 0),
    before,
    amounts: () => [size, (before.totals.get(type) ?? NONE).amount],
    write,
  };
}

function figureOf(key, answer, daily) {
  return key === ALL ? ofAll(answer, daily) : key === COST ? ofCost(answer, daily) : ofType(key, answer, daily);
}

function partsOf(key) {
  if (key === ALL) {
    return { name: text("all_events"), drawing: PILE, look: "type-all" };
  }
  if (key === COST) {
    return { name: text("cost_of_ai"), drawing: COIN, look: "type-cost" };
  }
  return { name: isKnown(key) ? nameOfAmount(key) : foreign(key), drawing: drawingOf(key), look: classOf(key) };
}

export class Cards {
  /** @param {function(string)} choose  gets a type, COST, or "" for all events */
  constructor(choose) {
    this.choose = choose;
    this.cards = new Map();
    this.root = element("section", { class: "cards", "aria-label": text("types") });
  }

  /** @param {Object} answer  what is known; cost undefined: there is none for what is chosen */
  show(answer) {
    const { data, at, days, cost, before, chosen } = answer;
    this.#arrange([ALL, ...(cost === undefined ? [] : [COST]), ...typesOf(data, before?.totals)]);
    const daily = dailyOf(data, at, days);
    for (const [key, card] of this.cards) {
      const { before: figureBefore, amounts, write, ...figure } = figureOf(key, answer, daily);
      card.show({ ...figure, isChosen: key === chosen });
      card.change.tell(figureBefore, amounts, write);
    }
    this.cards.get(COST)?.root.classList.toggle("old", answer.costIsOld);
  }

  #arrange(keys) {
    if (JSON.stringify(keys) === JSON.stringify([...this.cards.keys()])) {
      return;
    }
    this.cards = new Map(keys.map((key) => [key, this.cards.get(key) ?? this.#make(key)]));
    arrange(
      this.root,
      [...this.cards.values()].map(({ root }) => root),
    );
  }

  #make(key) {
    const card = new Card({
      ...partsOf(key),
      hint: text("card_hint"),
      data: { "data-type": key },
      // A second click leads back to all.
      choose: () => this.choose(card.root.getAttribute("aria-pressed") === "true" ? ALL : key),
    });
    return card;
  }
}
