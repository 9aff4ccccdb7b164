// Charts, drawn by Chart.js in the page's own colours.

import { addUp } from "./amounts.js";
import { element } from "./element.js";
import { text } from "./texts.js";

const PAPER = { width: 900, height: 330 };
const quiet = matchMedia("(prefers-reduced-motion: reduce)");

function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Lines across, for what is not complete yet. */
function hatched(colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.fillStyle = `${colour}38`;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = colour;
  pen.lineWidth = 1.8;
  for (const start of [-8, 0, 8]) {
    pen.moveTo(start, 8);
    pen.lineTo(start + 8, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

function barStyle(series, partial) {
  const colour = colourOf(series.colour);
  const pattern = hatched(colour);
  const fill = (context) => (partial.has(context.dataIndex) ? pattern : colour);
  return {
    backgroundColor: fill,
    hoverBackgroundColor: fill,
    borderColor: colourOf("--surface"),
    borderWidth: (context) => ({
      top: 0,
      bottom: 0,
      left: 0,
      right: 0,
      [context.chart.options.indexAxis === "y" ? "left" : "bottom"]: 1,
    }),
    borderRadius: 3,
    borderSkipped: false,
    maxBarThickness: 44,
    categoryPercentage: 0.86,
    barPercentage: 0.92,
  };
}

function lineStyle(series, partial) {
  const colour = colourOf(series.colour);
  return {
    borderColor: colour,
    backgroundColor: `${colour}22`,
    fill: true,
    borderWidth: 2.2,
    tension: 0.25,
    cubicInterpolationMode: "monotone",
    pointRadius: (context) => (partial.has(context.dataIndex) ? 4 : context.dataset.data.length > 45 ? 0 : 2.5),
    pointBackgroundColor: (context) => (partial.has(context.dataIndex) ? colourOf("--surface") : colour),
    pointHoverRadius: 5,
    // The way to what is not complete yet is dashed.
    segment: {
      borderDash: (context) =>
        partial.has(context.p0DataIndex) || partial.has(context.p1DataIndex) ? [5, 4] : undefined,
    },
  };
}

/** The period before: a line that stays behind what is drawn now. */
function beforeStyle() {
  const colour = colourOf("--muted");
  return {
    type: "line",
    borderColor: colour,
    borderWidth: 1.5,
    borderDash: [3, 4],
    backgroundColor: "transparent",
    pointRadius: 0,
    pointHoverRadius: 3,
    pointBackgroundColor: colour,
    tension: 0.25,
    cubicInterpolationMode: "monotone",
  };
}

function nameOfItem({ series, before }, { raw, datasetIndex, dataIndex, dataset }) {
  if (datasetIndex >= series.length) {
    return `${dataset.label} (${before.titles[dataIndex]})`;
  }
  return raw === 0 && series.length > 1 ? text("total") : dataset.label;
}

function tooltip(plot) {
  return {
    backgroundColor: colourOf("--tooltip"),
    titleColor: colourOf("--tooltip-text"),
    bodyColor: colourOf("--tooltip-text"),
    footerColor: colourOf("--tooltip-text"),
    padding: 12,
    cornerRadius: 10,
    boxPadding: 5,
    usePointStyle: true,
    itemSort: (a, b) => b.datasetIndex - a.datasetIndex,
    // Of a place without anything one item stays, to say so.
    filter: (item, index, items) => item.raw !== 0 || (index === 0 && items.every(({ raw }) => raw === 0)),
    callbacks: {
      title: (items) => plot.data.titles[items[0]?.dataIndex ?? 0],
      label: (item) => ` ${nameOfItem(plot.data, item)}: ${plot.data.format(item.raw)}`,
      labelColor: (item) => ({
        backgroundColor: colourOf(plot.data.series[item.datasetIndex]?.colour ?? "--muted"),
        borderColor: "transparent",
      }),
      footer: (items) => [
        ...(plot.stacked && items.length > 1
          ? [`${text("total")}: ${plot.data.format(addUp(items.map(({ raw }) => raw)))}`]
          : []),
        ...(plot.data.partial.has(items[0]?.dataIndex) ? [plot.data.cut] : []),
      ],
    },
  };
}

function axes(plot) {
  const [muted, line] = [colourOf("--muted"), colourOf("--line")];
  const amounts = {
    stacked: plot.stacked,
    beginAtZero: true,
    border: { display: false },
    grid: { color: line, drawBorder: false, drawTicks: false },
    ticks: { color: muted, padding: 8, maxTicksLimit: 6, callback: (value) => plot.data.format(value) },
  };
  const names = {
    stacked: plot.stacked,
    grid: { display: false, drawBorder: false },
    ticks: { color: muted, maxRotation: 0, autoSkipPadding: 18, padding: 6, autoSkip: !plot.lying },
  };
  return plot.lying ? { x: amounts, y: names } : { x: names, y: amounts };
}

/**
 * One chart. What it shows:
 * labels (on the axis), titles (of the tooltip), format (a number to text), partial (a Set of places that are not
 * complete), cut (what that is called), before ({name, titles, values} of the period before, if it is known),
 * series: [{name, colour: "--variable", values}], summary (for those who do not see it).
 */
export class Plot {
  /** @param {{kind?: 'bar'|'line', stacked?: boolean, lying?: boolean}} form  lying: bars from left to right */
  constructor({ kind = "bar", stacked = false, lying = false } = {}) {
    Object.assign(this, { kind, stacked, lying, chart: null, data: null });
    this.canvas = element("canvas", { role: "img" });
    this.root = element("div", { class: `plot ${lying ? "lying" : ""}` }, this.canvas);
    addEventListener("themechange", () => this.#redraw());
    // As wide as paper, whatever the screen is.
    addEventListener("beforeprint", () => this.chart?.resize(PAPER.width, PAPER.height));
    addEventListener("afterprint", () => this.chart?.resize());
  }

  show(data, kind = this.kind) {
    const drawn = JSON.stringify([kind, data, [...data.partial]]);
    if (this.drawn === drawn) {
      return;
    }
    this.data = data;
    this.canvas.setAttribute("aria-label", data.summary);
    if (globalThis.Chart === undefined) {
      this.root.replaceChildren(element("p", { class: "missing" }, text("no_charts")));
      return;
    }
    if (this.lying) {
      this.root.style.height = `${Math.max(3, data.labels.length) * 40 + 48}px`;
    }
    if (this.chart === null || kind !== this.kind) {
      this.kind = kind;
      this.#redraw();
    } else {
      // Numbers that come by themselves do not dance.
      this.chart.data = this.#chartData();
      this.chart.update("none");
    }
    this.drawn = drawn;
  }

  #chartData() {
    const style = this.kind === "bar" ? barStyle : lineStyle;
    const { labels, series, before } = this.data;
    return {
      labels,
      datasets: [
        ...series.map((one) => ({ label: one.name, data: one.values, ...style(one, this.data.partial) })),
        ...(before ? [{ label: before.name, data: before.values.slice(0, labels.length), ...beforeStyle() }] : []),
      ],
    };
  }

  #redraw() {
    if (this.data === null || globalThis.Chart === undefined) {
      return;
    }
    const animate = this.chart === null && !quiet.matches;
    this.chart?.destroy();
    globalThis.Chart.defaults.font.family = getComputedStyle(document.documentElement).fontFamily;
    this.chart = new globalThis.Chart(this.canvas, {
      type: this.kind,
      data: this.#chartData(),
      options: {
        indexAxis: this.lying ? "y" : "x",
        responsive: true,
        maintainAspectRatio: false,
        animation: animate ? { duration: 350 } : false,
        interaction: { mode: "index", intersect: false, axis: this.lying ? "y" : "x" },
        plugins: { legend: { display: false }, tooltip: tooltip(this) },
        scales: axes(this),
      },
    });
  }
}

/** A line without axes, a word high. */
export class Sparkline {
  constructor() {
    this.root = element("canvas", { class: "sparkline", "aria-hidden": "true" });
    this.values = [];
    addEventListener("themechange", () => this.#draw());
    // Its size and colour are those of where it is put.
    new ResizeObserver(() => this.#draw()).observe(this.root);
  }

  show(values) {
    this.values = values;
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (width === 0) {
      return;
    }
    this.root.width = width * devicePixelRatio;
    this.root.height = height * devicePixelRatio;
    const pen = this.root.getContext("2d");
    pen.scale(devicePixelRatio, devicePixelRatio);
    // Fewer points tell of no course.
    if (this.values.length < 3) {
      return;
    }
    const most = Math.max(...this.values, 0) || 1;
    this.values.forEach((value, at) =>
      pen.lineTo((at * width) / Math.max(1, this.values.length - 1), height - 2 - (value / most) * (height - 5)),
    );
    pen.strokeStyle = pen.fillStyle = getComputedStyle(this.root).color;
    pen.lineWidth = 1.6;
    pen.lineJoin = "round";
    pen.stroke();
    pen.lineTo(width, height);
    pen.lineTo(0, height);
    pen.globalAlpha = 0.13;
    pen.fill();
  }
}
