// AI jobs by their type and the level of the model: a chart of the largest, and all of them in a table.

import { addUp } from "./amounts.js";
import { collectionCell, collectionChooser, collectionFile, titleOf } from "./collections.js";
import { element, foreign, plain } from "./element.js";
import { compact, exact } from "./format.js";
import { kindsByCollection, kindsOf, topOf } from "./overview_figures.js";
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
    const jobs = [...new Set(kinds.map(jobOf))].map((job) => ({
      job,
      rows: kinds.filter((row) => jobOf(row) === job),
    }));
    const size = (rows) => addUp(rows.map((row) => row[measure]));
    const { top, rest } = topOf(jobs, MOST_JOBS, ({ rows }) => size(rows));
    const bars =
      rest.length > 0
        ? [...top, { job: text("other_jobs", { count: rest.length }), rows: rest.flatMap(({ rows }) => rows) }]
        : top;
    const others = [...new Set(kinds.map(levelOf))].filter((level) => !LEVELS.includes(level));
    const series = [
      ...LEVELS.map((level) => ({ name: nameOfLevel(level), colour: `--level-${level}`, levels: [level] })),
      ...(others.length > 0
        ? [
            {
              name: others.length === 1 ? plain(others[0]) : text("other_levels"),
              colour: "--type-other",
              levels: others,
            },
          ]
        : []),
    ].map((one) => ({
      ...one,
      values: bars.map(({ rows }) => Number(size(rows.filter((row) => one.levels.includes(levelOf(row)))))),
    }));
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
