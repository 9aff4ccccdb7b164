// The days: bars of all types on each other by their events, those of one type by its amount, or what AI cost.

import { addUp } from "./amounts.js";
import { COST } from "./cost.js";
import { element, foreign } from "./element.js";
import { amount, compact, cost as dollars, exact, exactAmount, exactCost, longDay, shortDay } from "./format.js";
import { dailyOf, topOf, typesOf } from "./overview_figures.js";
import { chartOrTable, panel } from "./panel.js";
import { Plot } from "./plot.js";
import { classOf, inOrder, isKnown, nameInFile, nameOf, nameOfAmount, unitOf } from "./resource_types.js";
import { completeInFile, Table } from "./table.js";
import { text } from "./texts.js";

/** Bars of more types than this are one. */
const MOST = 7;
const REST = "\u0000rest";
const OWN_LABELS = new Map([
  [REST, "other_types"],
  [COST, "cost_of_ai"],
  ["", "all_events"],
]);

function colourOf(type) {
  return type === COST ? "--type-cost" : type === REST ? "--type-other" : `--${classOf(type)}`;
}

/** @param {string} type  also REST, COST, and "" for all events */
function labelOf(type) {
  return OWN_LABELS.has(type) ? text(OWN_LABELS.get(type)) : nameOf(type);
}

/** What is counted: of a type its amount, and not its events. */
function measureOf(type) {
  return type === "" || type === COST ? labelOf(type) : nameOfAmount(type);
}

function writerOf(type) {
  if (type === COST) {
    return dollars;
  }
  return type === "" || unitOf(type) === null ? compact : (value) => amount(value, unitOf(type));
}

export class Daily {
  constructor(change) {
    this.change = change;
    this.plot = new Plot({ stacked: true });
    this.table = new Table({ name: "days", title: text("daily"), filterable: false, sort: "-day", change });
    this.panel = panel(
      "daily",
      text("daily"),
      (this.legend = element("div", { class: "legend", role: "group", "aria-label": text("legend") })),
      this.plot.root,
      this.table.root,
    );
    this.view = chartOrTable(text("daily"), this.plot.root, this.table.root, (shown) => change({ daily: shown }));
    this.measure = element("select", {
      name: "show",
      "aria-label": text("measure"),
      onchange: () => change({ show: this.measure.value }),
    });
    this.panel.tools.append(this.measure, this.view.choice, this.table.tools);
    this.root = this.panel.root;
  }

  show({ data, at, days, cost, period, measures, chosen }, values) {
    const types = typesOf(data);
    const daily = dailyOf(data, at, days);
    daily.cost = cost?.byDay ? daily.days.map((day) => cost.byDay.get(day) ?? 0) : null;
    this.#offer(measures);
    this.measure.value = chosen;
    this.panel.heading.textContent = text("by_day", { what: measureOf(chosen) });
    this.view.show(values.daily);
    this.legend.hidden = values.daily === "table";
    this.#draw(daily, chosen, values);
    this.#list(daily, types, values, period, cost !== undefined);
  }

  /** A list that is open stays so, where it is the same. */
  #offer(measures) {
    if (JSON.stringify(measures) !== this.offered) {
      this.offered = JSON.stringify(measures);
      this.measure.replaceChildren(...measures.map((type) => element("option", { value: type }, measureOf(type))));
    }
  }

  /** What is stacked: one type, the cost once it is known, or all types, the small ones of very many as one. */
  #stack({ byType, days, cost }, chosen) {
    if (chosen === COST) {
      return new Map(cost === null ? [] : [[COST, cost]]);
    }
    if (chosen !== "") {
      return new Map([[chosen, byType.get(chosen)?.amounts ?? []]]);
    }
    const sums = [...byType].map(([type, { events }]) => [type, events, addUp(events)]);
    const { top, rest } = topOf(sums, MOST, ([, , sum]) => sum);
    const shown = new Map(top.map(([type, events]) => [type, events]));
    if (rest.length > 0) {
      shown.set(
        REST,
        days.map((_, place) => addUp(rest.map(([, events]) => events[place]))),
      );
    }
    return shown;
  }

  #draw(daily, chosen, values) {
    const stack = this.#stack(daily, chosen);
    const order = [
      ...inOrder(new Set([...stack.keys()].filter((type) => type !== REST))),
      ...(stack.has(REST) ? [REST] : []),
    ];
    this.#drawLegend(chosen === "" ? order : [], values.hide);
    this.plot.show({
      labels: daily.days.map(shortDay),
      titles: daily.days.map((day, place) => `${longDay(day)}${daily.partial.has(place) ? " *" : ""}`),
      format: writerOf(chosen),
      partial: daily.partial,
      cut: text("not_complete"),
      series: order
        .filter((type) => chosen !== "" || !values.hide.includes(type))
        .map((type) => ({
          name: chosen === "" ? labelOf(type) : measureOf(type),
          colour: colourOf(type),
          values: stack.get(type).map(Number),
        })),
      summary: text("daily_summary", { what: measureOf(chosen), count: daily.days.length }),
    });
  }

  #drawLegend(types, hidden) {
    const had = document.activeElement?.dataset?.type;
    const inLegend = this.legend.contains(document.activeElement);
    this.legend.replaceChildren(
      ...types.map((type) =>
        element(
          "button",
          {
            type: "button",
            class: `legend-entry ${type === REST ? "type-other" : classOf(type)}`,
            "data-type": type,
            "aria-pressed": String(!hidden.includes(type)),
            onclick: () => this.#toggle(type, hidden),
          },
          element("span", { class: "swatch", "aria-hidden": "true" }),
          type === REST || isKnown(type) ? labelOf(type) : foreign(type),
        ),
      ),
      element(
        "span",
        { class: "legend-note" },
        element("span", { class: "swatch open", "aria-hidden": "true" }),
        text("not_complete"),
      ),
    );
    if (inLegend) {
      [...this.legend.children].find((entry) => entry.dataset.type === had)?.focus();
    }
  }

  #toggle(type, hidden) {
    this.change({ hide: hidden.includes(type) ? hidden.filter((one) => one !== type) : [...hidden, type] });
  }

  #list({ days, byType, partial, cost }, types, values, period, hasCost) {
    const rows = days.map((day, place) => ({
      day,
      partial: partial.has(place),
      cost: cost?.[place] ?? null,
      events: addUp([...byType.values()].map(({ events }) => events[place])),
      amounts: new Map([...byType].map(([type, { amounts }]) => [type, amounts[place]])),
    }));
    this.table.show(
      rows,
      [
        {
          key: "day",
          label: text("day"),
          value: (row) => row.day,
          cell: (row) =>
            element(
              "span",
              {},
              longDay(row.day),
              row.partial ? element("small", {}, ` ${text("not_complete")}`) : null,
            ),
          file: [{ label: text("day"), value: (row) => row.day }, completeInFile()],
        },
        { key: "events", label: text("all_events"), value: (row) => row.events, format: exact, sum: true },
        ...(!hasCost
          ? []
          : [
              {
                key: "cost",
                label: labelOf(COST),
                value: (row) => row.cost,
                file: [{ label: `${labelOf(COST)} (USD)`, value: (row) => row.cost }],
                format: dollars,
                exact: exactCost,
                sum: cost !== null,
                colour: "type-cost",
              },
            ]),
        ...types
          .filter((type) => unitOf(type) !== null || types.length > 1)
          .map((type) => ({
            key: `type:${type}`,
            label: nameOfAmount(type),
            value: (row) => row.amounts.get(type) ?? 0,
            sum: true,
            colour: classOf(type),
            file: [{ label: nameInFile(type), value: (row) => row.amounts.get(type) ?? 0 }],
            format: (value) => (unitOf(type) === null ? compact(value) : amount(value, unitOf(type))),
            exact: (value) => (unitOf(type) === null ? exact(value) : exactAmount(value, unitOf(type))),
          })),
      ],
      values,
      period,
    );
  }
}
