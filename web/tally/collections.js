// The table of collections: what each of them had of every type, and how much more of it than before.

import { element, foreign } from "./element.js";
import { amount, changeBy, compact, exact, exactAmount, growth } from "./format.js";
import { collectionsOf, typesOf } from "./overview_figures.js";
import { panel } from "./panel.js";
import { classOf, nameInFile, nameOfAmount, unitOf } from "./resource_types.js";
import { Table } from "./table.js";
import { text } from "./texts.js";

/** What a collection is called: by its id where it has no title, and what belongs to none by that. */
export function titleOf({ id, title }) {
  return id === null ? text("no_collection") : title || id;
}

/** What it changes in the address to choose a collection: a page, or a text that was looked for, could hide it. */
export function choosing(id) {
  return { collection: id, collections_filter: "", collections_page: 1, kinds_filter: "", kinds_page: 1 };
}

/** What a click on a collection does: everything shows that one, from the top. */
export function collectionChooser(change) {
  return (id) => {
    change(choosing(id));
    document.getElementById("main").focus({ preventScroll: true });
    scrollTo({ top: 0 });
  };
}

/** A collection that can be chosen by a click. */
export function collectionCell(row, choose) {
  if (row.id === null) {
    return element("span", { class: "nothing" }, text("no_collection"));
  }
  return element(
    "button",
    { type: "button", class: "link", "data-collection": row.id, title: row.id, onclick: () => choose(row.id) },
    foreign(titleOf(row)),
  );
}

/** Titles are not unique: a file has the ids too. */
export function collectionFile() {
  return [
    { label: text("collection"), value: titleOf },
    { label: text("collection_id"), value: (row) => row.id },
  ];
}

/** How much more than in the period before: of a type, or of all events. */
function changeColumn(type) {
  const of = (row) => (type === null ? row.events : (row.amounts.get(type) ?? 0));
  const then = (row) => (row.before === null ? null : of(row.before));
  const label = text("change_of", { what: type === null ? text("all_events") : nameOfAmount(type) });
  return {
    key: "change",
    label,
    value: (row) => growth(of(row), then(row)),
    format: changeBy,
    exact: (_, row) =>
      text("before", {
        amount:
          type === null || unitOf(type) === null
            ? text("events", { count: then(row) })
            : exactAmount(then(row), unitOf(type)),
      }),
    file: [{ label: text("before", { amount: type === null ? text("all_events") : nameInFile(type) }), value: then }],
  };
}

export class Collections {
  constructor(change) {
    this.choose = collectionChooser(change);
    this.table = new Table({ name: "collections", title: text("collections"), change });
    this.panel = panel("collections", text("collections"), this.table.root);
    this.panel.tools.append(this.table.tools);
    this.root = this.panel.root;
    this.known = {};
  }

  show({ data, before, period, chosen }, values) {
    const types = typesOf(data);
    this.table.show(
      this.#rows(data, before),
      [
        {
          key: "title",
          label: text("collection"),
          value: titleOf,
          cell: (row) => collectionCell(row, this.choose),
          file: collectionFile(),
        },
        ...types.flatMap((type) => this.#columns(type)),
        {
          key: "events",
          label: text("all_events"),
          value: (row) => row.events,
          format: compact,
          exact: (value) => text("events", { count: value }),
          sum: true,
          colour: "type-all",
        },
        changeColumn(types.includes(chosen) ? chosen : null),
      ],
      values,
      period,
    );
  }

  /** The same array as long as what is known is the same. */
  #rows(data, before) {
    if (data !== this.known.data || before !== this.known.before) {
      const rows = collectionsOf(data).map((row) => ({
        ...row,
        before: before?.collections?.get(row.id) ?? null,
      }));
      this.known = { data, before, rows };
    }
    return this.known.rows;
  }

  #columns(type) {
    const unit = unitOf(type);
    const value = (row) => row.amounts.get(type) ?? 0;
    const column = {
      key: `type:${type}`,
      label: nameOfAmount(type),
      value,
      sum: true,
      colour: classOf(type),
      file: [{ label: nameInFile(type), value }],
      format: (size) => (unit === null ? compact(size) : amount(size, unit)),
      exact: (size) => (unit === null ? text("events", { count: size }) : exactAmount(size, unit)),
    };
    return type === "ai"
      ? [
          column,
          {
            key: "tokens_out",
            label: text("column_tokens_out"),
            value: (row) => row.second,
            format: compact,
            exact,
            sum: true,
            colour: "type-ai",
          },
        ]
      : [column];
  }
}
