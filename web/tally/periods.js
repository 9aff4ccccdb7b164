// One figure by day, week or month, and a table of all six.

import { element } from "./element.js";
import { isCost, shown, shownWhole } from "./figures.js";
import { dayOf, longDay, month, shortDay } from "./format.js";
import { panel } from "./panel.js";
import { Plot } from "./plot.js";
import { buttons } from "./controls.js";
import { FIGURES } from "./statistics_figures.js";
import { completeInFile, Table } from "./table.js";
import { text } from "./texts.js";

const FORMS = ["bar", "line"];
const SHORT = { day: shortDay, week: shortDay, month };
const LONG = { day: longDay, week: (day) => text("week_of", { day: longDay(day) }), month };

function columnOf(figure, label, value) {
  return {
    label,
    value,
    file: [{ label: `${label}${isCost(figure) ? " (USD)" : ""}`, value }],
    sum: true,
    // Money is to be read to the last digit that counts; so are counts, which stand beside each other.
    format: (size) => (isCost(figure) ? shown(size, figure) : shownWhole(size, figure)),
    exact: (size) => shownWhole(size, figure),
  };
}

function figureColumn(figure) {
  return {
    key: figure,
    ...columnOf(figure, text(`figure_${figure}`), (row) => row[figure]),
    colour: `figure-${figure}`,
  };
}

/** What the line of the period before shows. */
function earlierColumn(figure) {
  const label = `${text("period_before")}, ${text(`figure_${figure}`)}`;
  return {
    key: `before:${figure}`,
    ...columnOf(figure, label, (row) => row.earlier?.[figure] ?? null),
    exact: (size, row) =>
      row === undefined ? shownWhole(size, figure) : `${shownWhole(size, figure)} · ${longDay(row.earlier.start)}`,
  };
}

export class Periods {
  constructor(change) {
    this.plot = new Plot();
    this.table = new Table({ name: "buckets", title: text("buckets"), filterable: false, sort: "-start", change });
    this.partial = element(
      "span",
      { class: "legend-note" },
      element("span", { class: "swatch open", "aria-hidden": "true" }),
      text("not_whole"),
    );
    this.earlier = element(
      "span",
      { class: "legend-note", hidden: true },
      element("span", { class: "dashes", "aria-hidden": "true" }),
      text("period_before"),
    );
    this.gaps = element("p", { class: "gaps", hidden: true }, text("gaps"));
    this.panel = panel(
      "periods",
      "",
      element("p", { class: "legend" }, this.partial, this.earlier),
      this.gaps,
      this.plot.root,
    );
    this.form = buttons(
      text("chart_form"),
      FORMS.map((form) => [form, text(`form_${form}`)]),
      (form) => change({ form }),
      { class: "segments small" },
    );
    this.panel.tools.append(this.form.group);
    this.root = this.panel.root;
    const tablePanel = panel("buckets", text("buckets"), this.table.root);
    tablePanel.tools.append(this.table.tools);
    this.list = tablePanel.root;
  }

  show({ data, periods, hasGaps, before }, values) {
    const { figure } = values;
    const { bucket } = data.filters_applied;
    this.panel.heading.textContent = text(`by_${bucket}`, { what: text(`figure_${figure}`) });
    this.form.press(values.form);
    this.partial.hidden = !periods.some(({ partial }) => partial);
    // Behind bars a line is not to be followed; and other periods than days are cut at other places than before.
    const isCompared = values.form === "line" && bucket === "day" && periods.length > 1;
    const earlier = (isCompared && before?.periods) || null;
    this.earlier.hidden = earlier === null;
    this.gaps.hidden = !hasGaps;
    this.plot.show(
      {
        labels: periods.map(({ start }) => SHORT[bucket](start)),
        titles: periods.map(({ start }) => LONG[bucket](start)),
        format: (value) => shown(value, figure),
        cut: text("not_whole"),
        before: earlier && {
          name: text("period_before"),
          titles: earlier.map(({ start }) => SHORT[bucket](start)),
          values: earlier.map((period) => Number(period[figure])),
        },
        partial: new Set(periods.flatMap(({ partial }, place) => (partial ? [place] : []))),
        series: [
          {
            name: text(`figure_${figure}`),
            colour: `--figure-${figure}`,
            values: periods.map((period) => Number(period[figure])),
          },
        ],
        summary: text("statistics_summary", { what: text(`figure_${figure}`), count: periods.length }),
      },
      values.form,
    );
    this.#list(periods, data, values, earlier);
  }

  /** The same array for the same two. */
  #withEarlier(periods, earlier) {
    if (periods !== this.known?.periods || earlier !== this.known.earlier) {
      const rows = periods.map((row, place) => ({ ...row, earlier: earlier[place] ?? null }));
      this.known = { periods, earlier, rows };
    }
    return this.known.rows;
  }

  #list(periods, { totals, filters_applied: { bucket, since, until } }, values, earlier) {
    this.table.show(
      earlier === null ? periods : this.#withEarlier(periods, earlier),
      [
        {
          key: "start",
          label: text(`bucket_${bucket}`),
          value: (row) => row.start,
          cell: (row) =>
            element(
              "span",
              {},
              LONG[bucket](row.start),
              row.partial ? element("small", {}, ` ${text("not_whole")}`) : null,
            ),
          file: [{ label: text(`bucket_${bucket}`), value: (row) => row.start }, completeInFile()],
        },
        ...FIGURES.map(figureColumn),
        ...(earlier === null ? [] : [earlierColumn(values.figure)]),
      ],
      values,
      `${dayOf(since)}-to-${dayOf(Date.parse(until) - 1)}`,
      totals,
    );
  }
}
