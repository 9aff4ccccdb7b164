// AI jobs by their type and the level of the model: a chart of the largest, and all of them in a table.

import { Sum } from "./amounts.js";
import { collectionCell, collectionChooser, collectionFile, titleOf } from "./collections.js";
import { element, foreign, plain } from "./element.js";
import { compact, exact } from "./format.js";
import { groupBy, kindsByCollection, kindsOf, topOf } from "./overview_figures.js";
import { panel } from "./panel.js";
import { Plot } from "./plot.js";
import { buttons } from "./controls.js";
import { Table } from "./table.js";
import { text } from "./texts.js";

const MOST_JOBS = 8;
const LEVELS = ["fast", "smart", "deep"];
const MEASURES = ["tokens_in", "tokens_out", "event_count"];

function jobOf(row) {
  return row.job_type ?? text("no_job_type");
}

function levelOf(row) {
  return row.model_level ?? text("no_level");
}

function nameOfLevel(level) {
  return LEVELS.includes(level) ? text(`level_${level}`) : level;
}

/** Sums of a measure by the places of LEVELS, and of all other levels behind them. */
function sumsByLevel(rows, measure) {
  const sums = [...LEVELS, null].map(() => new Sum());
  for (const row of rows) {
    const place = LEVELS.indexOf(levelOf(row));
    sums[place < 0 ? LEVELS.length : place].add(row[measure]);
  }
  return sums.map(({ value }) => value);
}

/** The sum of all rows of a job, by which the largest are found. */
function withSize(job, rows, measure) {
  const sums = sumsByLevel(rows, measure);
  return {
    job,
    rows,
    sums: sums.map(Number),
    size: Number(sums.reduce((sum, part) => sum.add(part), new Sum()).value),
  };
}

/** A name from the log, or the page's own where it has none. */
function named(value, none) {
  return value === null ? element("span", { class: "nothing" }, none) : foreign(value);
}

export class Kinds {
  constructor(change) {
    this.choose = collectionChooser(change);
    this.plot = new Plot({ stacked: true, lying: true });
    this.table = new Table({ name: "kinds", title: text("kinds"), change });
    this.measure = buttons(
      text("measure"),
      MEASURES.map((measure) => [measure, text(`measure_${measure}`)]),
      (measure) => change({ measure }),
      { class: "segments small" },
    );
    this.by = buttons(
      text("rows_by"),
      [
        ["kind", text("by_kind")],
        ["collection", text("by_collection")],
      ],
      (by) => change({ by, kinds_page: 1, kinds_sort: "" }),
      { class: "segments small" },
    );
    this.legend = element("div", { class: "legend" });
    this.panel = panel(
      "kinds",
      text("kinds"),
      element(
        "div",
        { class: "columns" },
        element(
          "div",
          { class: "column" },
          element("div", { class: "table-head" }, this.measure.group),
          this.legend,
          this.plot.root,
        ),
        element(
          "div",
          { class: "column" },
          element("div", { class: "table-head" }, this.by.group, this.table.tools),
          this.table.root,
        ),
      ),
    );
    this.root = this.panel.root;
  }

  show({ data, period }, values) {
    this.root.hidden = data.ai_drilldown.length === 0;
    const kinds = kindsOf(data);
    this.measure.press(values.measure);
    this.by.press(values.by);
    this.#draw(kinds, values.measure);
    this.#list(values.by === "kind" ? kinds : kindsByCollection(data), values, period);
  }

  #draw(kinds, measure) {
    const jobs = [...groupBy(kinds, jobOf)].map(([job, rows]) => withSize(job, rows, measure));
    const { top, rest } = topOf(jobs, MOST_JOBS, ({ size }) => size);
    const ofRest = rest.flatMap(({ rows }) => rows);
    const bars =
      rest.length > 0 ? [...top, withSize(text("other_jobs", { count: rest.length }), ofRest, measure)] : top;
    const others = [...new Set(kinds.map(levelOf))].filter((level) => !LEVELS.includes(level));
    const series = [
      ...LEVELS.map((level) => ({ name: nameOfLevel(level), colour: `--level-${level}` })),
      ...(others.length > 0
        ? [
            {
              name: others.length === 1 ? plain(others[0]) : text("other_levels"),
              colour: "--type-other",
            },
          ]
        : []),
    ].map((one, place) => ({ ...one, values: bars.map(({ sums }) => sums[place]) }));
    this.legend.replaceChildren(
      ...series.map(({ name, colour }) =>
        element(
          "span",
          { class: `legend-entry still ${colour.slice(2)}` },
          element("span", { class: "swatch", "aria-hidden": "true" }),
          name,
        ),
      ),
    );
    this.plot.show({
      labels: bars.map(({ job }) => plain(job)),
      titles: bars.map(({ job }) => plain(job)),
      format: compact,
      partial: new Set(),
      cut: "",
      series,
      summary: text("kinds_summary", { what: text(`measure_${measure}`), count: bars.length }),
    });
  }

  #list(rows, values, period) {
    const numbers = MEASURES.map((measure) => ({
      key: measure,
      label: text(`measure_${measure}`),
      value: (row) => row[measure],
      format: compact,
      exact,
      sum: true,
      colour: measure === "event_count" ? "type-all" : "type-ai",
    }));
    this.table.show(
      rows,
      [
        ...(values.by === "collection"
          ? [
              {
                key: "title",
                label: text("collection"),
                value: titleOf,
                cell: (row) => collectionCell(row, this.choose),
                file: collectionFile(),
              },
            ]
          : []),
        {
          key: "job",
          label: text("job_type"),
          value: (row) => row.job_type,
          shown: jobOf,
          cell: (row) => named(row.job_type, text("no_job_type")),
        },
        {
          key: "level",
          label: text("model_level"),
          value: (row) => row.model_level,
          shown: (row) => nameOfLevel(levelOf(row)),
          cell: (row) =>
            LEVELS.includes(row.model_level) ? nameOfLevel(row.model_level) : named(row.model_level, text("no_level")),
        },
        ...numbers,
      ],
      values,
      period,
    );
  }
}
