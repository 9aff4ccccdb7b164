// Tables: sorted by any column, filtered by text, a page at a time, with sums that are those of all rows.

import { addUp, compareNumbers } from "./amounts.js";
import { download } from "./csv.js";
import { element, icon, unseen } from "./element.js";
import { collator, exact, share } from "./format.js";
import { Pager } from "./pager.js";
import { fieldsOf, SIZES, stateOf, TABLE_STATE } from "./table_state.js";
import { text } from "./texts.js";

const ARROW_DOWN = "M12 4v11M7 11l5 5 5-5M5 20h14";

/**
 * @typedef {Object} Column
 * @property {string} key
 * @property {string} label
 * @property {function(Object): *} value     what is sorted by and written to the file; null comes last
 * @property {function(Object): (Node|string)} [cell]  of a column of texts
 * @property {function(Object): string} [shown]  the text of the cell, where it is not the value
 * @property {function(*): string} [format]  makes it a column of numbers
 * @property {function(*, Object): string} [exact]   every digit of it
 * @property {boolean} [sum]                 added up in the last rows, and shown as a share of the sum
 * @property {string} [colour]               a class, for the bar of the share
 * @property {{label: string, value: function(Object): *}[]} [file]  what stands in the file for it, if not the same
 */

export class Table {
  /**
   * @param {{name: string, title: string, change: function(Object, boolean), filterable?: boolean, sort?: string}} parts
   *   `change` gets fields of the address, and whether they are typed letter by letter; `sort` is the order at first
   */
  constructor(parts) {
    Object.assign(this, {
      filterable: true,
      sort: "",
      ...parts,
      rows: [],
      columns: [],
      state: { ...TABLE_STATE },
      texts: null,
    });
    this.change = (state, instead) => parts.change(fieldsOf(this.name, state), instead);
    this.head = element("thead");
    this.body = element("tbody");
    this.foot = element("tfoot");
    this.counter = element("p", { class: "counter", role: "status" });
    this.pager = new Pager(
      this.name,
      this.title,
      (step) => this.change({ page: this.page + step }, false),
      (size) => this.change({ size, page: 1 }, false),
    );
    this.filterInput = element("input", {
      type: "search",
      name: `${this.name}-filter`,
      "aria-label": text("filter_of", { table: this.title }),
      placeholder: text("filter"),
      oninput: (event) => this.change({ filter: event.target.value, page: 1 }, true),
    });
    this.tools = element(
      "div",
      { class: "table-tools" },
      this.filterable ? this.filterInput : null,
      element(
        "button",
        {
          type: "button",
          class: "button",
          onclick: () => this.#download(),
          "aria-label": text("csv_of", { table: this.title }),
        },
        icon(ARROW_DOWN),
        text("csv"),
      ),
    );
    this.root = element(
      "div",
      { class: "table", "data-table": this.name },
      element(
        "div",
        { class: "scroll", tabindex: "0", role: "group", "aria-label": this.title },
        element("table", {}, element("caption", { class: "unseen" }, this.title), this.head, this.body, this.foot),
      ),
      element("div", { class: "below" }, this.counter, this.pager.root),
    );
  }

  /**
   * @param {Object[]} rows  the same array is taken for the same rows
   * @param {Column[]} columns
   * @param {Object} values  of the address
   * @param {string} period  as it stands in the name of the file
   * @param {Object<string, number>} [totals]  sums that the server has made
   */
  show(rows, columns, values, period, totals = {}) {
    this.period = period;
    const keys = JSON.stringify(columns.map(({ key, label }) => [key, label]));
    const state = stateOf(this.name, values);
    if (rows === this.rows && keys === this.keys) {
      this.#turn(state);
      return;
    }
    Object.assign(this, { rows, columns, texts: null });
    const summed = columns.filter((column) => column.sum);
    this.totals = new Map(
      summed.map((column) => [column.key, totals[column.key] ?? addUp(rows.map((row) => column.value(row) ?? 0))]),
    );
    this.largest = new Map(summed.map((column) => [column.key, largest(rows, column)]));
    this.#drawHead(keys);
    this.#draw(state);
  }

  /** Other parts of the page change too: then nothing does here. */
  #turn(state) {
    const next = { ...state, sort: state.sort || this.sort };
    if (Object.keys(next).some((key) => next[key] !== this.state[key])) {
      this.#draw(state);
    }
  }

  /** @param {typeof TABLE_STATE} state  sort: the key of a column, with "-" before it from the largest down */
  #draw(state) {
    this.state = { ...state, sort: state.sort || this.sort };
    if (this.filterInput.value !== state.filter) {
      this.filterInput.value = state.filter;
    }
    this.found = this.#sorted(this.#filtered());
    const pages = Math.max(1, Math.ceil(this.found.length / state.size));
    const page = Math.min(state.page, pages);
    this.page = page;
    const first = (page - 1) * state.size;
    const shown = this.found.slice(first, first + state.size);
    this.#markSorting();
    exchange(this.body, shown.length > 0 ? shown.map((row) => this.#row(row)) : [this.#noRow()]);
    this.#drawFoot(shown);
    this.counter.textContent = this.#count(first, shown.length);
    this.pager.show(page, pages, state.size, this.rows.length > SIZES[0]);
  }

  get ordering() {
    const key = this.state.sort.replace(/^-/, "");
    const column =
      this.columns.find((one) => one.key === key) ?? this.columns.find((one) => one.sum) ?? this.columns[0];
    return { column, down: column.key === key ? this.state.sort.startsWith("-") : column.sum === true };
  }

  #filtered() {
    const wanted = this.state.filter.trim().toLocaleLowerCase();
    if (wanted === "" || !this.filterable) {
      return this.rows;
    }
    const texts = this.columns.filter((column) => !column.format);
    this.texts ??= this.rows.map((row) =>
      texts
        .map((column) => (column.shown ?? column.value)(row) ?? "")
        .join("\n")
        .toLocaleLowerCase(),
    );
    return this.rows.filter((row, at) => this.texts[at].includes(wanted));
  }

  #sorted(rows) {
    const { column, down } = this.ordering;
    const values = rows.map(column.value);
    const rank = column.format ? null : rankTexts(values);
    const compare = column.format ? compareNumbers : (a, b) => rank.get(a) - rank.get(b);
    return rows
      .map((row, at) => [values[at], row])
      .sort(([a], [b]) => {
        if (a === null || b === null) {
          return Number(a === null) - Number(b === null);
        }
        return down ? compare(b, a) : compare(a, b);
      })
      .map(([, row]) => row);
  }

  #drawHead(keys) {
    // What has the focus stays, where the columns stay.
    if (this.keys === keys) {
      return;
    }
    this.keys = keys;
    this.head.replaceChildren(
      element(
        "tr",
        {},
        ...this.columns.map((column) =>
          element(
            "th",
            { scope: "col", class: column.format ? "number" : "", "data-key": column.key },
            element(
              "button",
              { type: "button", class: column.colour ?? "", onclick: () => this.#sortBy(column) },
              column.colour ? element("span", { class: "swatch", "aria-hidden": "true" }) : null,
              column.label,
            ),
          ),
        ),
      ),
    );
  }

  #sortBy(column) {
    const { column: present, down } = this.ordering;
    const turned = present.key === column.key ? !down : Boolean(column.format);
    this.change({ sort: `${turned ? "-" : ""}${column.key}`, page: 1 }, false);
  }

  #markSorting() {
    const { column, down } = this.ordering;
    for (const head of this.head.querySelectorAll("th")) {
      if (head.dataset.key === column.key) {
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
      } else {
        head.removeAttribute("aria-sort");
      }
    }
  }

  #row(row) {
    return element(
      "tr",
      {},
      ...this.columns.map((column, at) => {
        const value = column.value(row);
        if (column.format) {
          return this.#number(column, value, row);
        }
        return element(
          at === 0 ? "th" : "td",
          { scope: at === 0 ? "row" : null },
          column.cell ? column.cell(row) : value,
        );
      }),
    );
  }

  #number(column, value, row) {
    if (value === null) {
      return element(
        "td",
        { class: "number none" },
        element("span", { "aria-hidden": "true" }, "–"),
        unseen(text("none")),
      );
    }
    const total = Number(this.totals.get(column.key) ?? 0);
    const part = column.sum && total > 0 ? Number(value) / total : null;
    const all = (column.exact ?? exact)(value, row);
    const cell = element(
      "td",
      { class: `number ${column.colour ?? ""}`, title: part === null ? all : `${all} · ${share(part)}` },
      ...readable(column.format(value), all),
    );
    if (part !== null) {
      const bar = element("span");
      bar.style.width = `${Math.max(0, Math.min(1, Number(value) / this.largest.get(column.key))) * 100}%`;
      cell.append(element("span", { class: "part", "aria-hidden": "true" }, bar));
    }
    return cell;
  }

  #noRow() {
    return element("tr", {}, element("td", { colspan: this.columns.length, class: "no-row" }, text("nothing_found")));
  }

  #sumRow(label, rows, name) {
    return element(
      "tr",
      { class: name },
      ...this.columns.map((column, at) => {
        if (at === 0) {
          return element("th", { scope: "row" }, label);
        }
        if (!column.sum) {
          return element("td");
        }
        const value =
          rows === this.rows ? this.totals.get(column.key) : addUp(rows.map((row) => column.value(row) ?? 0));
        const all = (column.exact ?? exact)(value);
        return element("td", { class: "number", title: all }, ...readable(column.format(value), all));
      }),
    );
  }

  #drawFoot(shown) {
    const rows = [];
    if (this.totals.size > 0) {
      if (shown.length < this.found.length) {
        const here = new Set(shown);
        const others = this.found.filter((row) => !here.has(row));
        rows.push(this.#sumRow(text("others", { count: others.length }), others, "others"));
      }
      if (this.found.length < this.rows.length) {
        rows.push(this.#sumRow(text("found", { count: this.found.length }), this.found, "found"));
      }
      rows.push(this.#sumRow(text("total"), this.rows, "total"));
    }
    this.foot.replaceChildren(...rows);
  }

  #count(first, length) {
    return text("rows", { first: length === 0 ? 0 : first + 1, last: first + length, count: this.found.length });
  }

  #download() {
    const columns = this.columns.flatMap((column) => column.file ?? [column]);
    download(`tally-${this.name}-${this.period}.csv`, [
      columns.map(({ label }) => label),
      ...this.found.map((row) => columns.map(({ value }) => value(row))),
    ]);
  }
}

/** Rows that are as before stay, with the focus and what is marked in them; in the others the same entry gets the focus. */
function exchange(body, rows) {
  const [before, focused] = [[...body.rows], document.activeElement];
  const entry = body.contains(focused) ? focused.dataset.collection : undefined;
  const place = before.findIndex((row) => row.contains(focused));
  rows.forEach((row, at) => {
    if (at >= before.length) {
      body.append(row);
    } else if (!before[at].isEqualNode(row)) {
      before[at].replaceWith(row);
    }
  });
  before.slice(rows.length).forEach((row) => row.remove());
  if (entry !== undefined && !focused.isConnected) {
    const same = `[data-collection="${CSS.escape(entry)}"]`;
    (body.rows[place]?.querySelector(same) ?? body.querySelector(same))?.focus();
  }
}

/** A number for the eye, and with every digit for who hears it. */
function readable(shown, all) {
  return shown === all ? [shown] : [element("span", { "aria-hidden": "true" }, shown), unseen(all)];
}

/** The place of each text in the reader's order: there are fewer texts than rows, and comparing them is slow. */
function rankTexts(values) {
  const texts = [...new Set(values)].filter((value) => value !== null).sort(collator().compare);
  return new Map(texts.map((value, place) => [value, place]));
}

/** Bars are as long as their part of the largest. */
function largest(rows, column) {
  return rows.reduce((most, row) => Math.max(most, Number(column.value(row))), 0) || 1;
}

/** For a file of rows that may be cut: those are not to be compared with others. */
export function completeInFile() {
  return { label: text("complete"), value: (row) => text(row.partial ? "no" : "yes") };
}
