// The six figures of a window; one of them is in the chart.

import { Card } from "./card.js";
import { COIN, PILE } from "./drawings.js";
import { element } from "./element.js";
import { compact, compactCost, cost, exact, exactCost, share } from "./format.js";
import { FIGURES } from "./statistics_figures.js";
import { text } from "./texts.js";

const DRAWINGS = {
  messages: "M4 5h16v11H9l-5 4z",
  input_tokens: "M12 3v12M7 10l5 5 5-5M4 20h16",
  output_tokens: "M12 16V4M7 9l5-5 5 5M4 20h16",
  cached_tokens: "M13 3L5 14h6l-1 7 8-11h-6z",
  total_tokens: PILE,
  cost_usd: COIN,
};

export function isCost(figure) {
  return figure === "cost_usd";
}

export function shown(value, figure) {
  return isCost(figure) ? cost(value) : compact(value);
}

export function shownWhole(value, figure) {
  return isCost(figure) ? exactCost(value) : exact(value);
}

/** What puts a figure in proportion. */
const DETAILS = {
  messages: () => "",
  input_tokens: (totals) => text("per_message", { amount: compact(Number(totals.input_tokens) / totals.messages) }),
  output_tokens: (totals) => text("per_message", { amount: compact(Number(totals.output_tokens) / totals.messages) }),
  cached_tokens: (totals) =>
    totals.input_tokens > 0
      ? text("part_of_input", { share: share(Number(totals.cached_tokens) / Number(totals.input_tokens)) })
      : "",
  total_tokens: () => text("in_and_out"),
  cost_usd: (totals) => text("per_message", { amount: cost(totals.cost_usd / totals.messages) }),
};

export class Figures {
  constructor(choose) {
    this.cards = new Map(
      FIGURES.map((figure) => [
        figure,
        new Card({
          name: text(`figure_${figure}`),
          drawing: DRAWINGS[figure],
          look: `figure-${figure}`,
          hint: text("figure_hint"),
          data: { "data-figure": figure },
          choose: () => choose(figure),
        }),
      ]),
    );
    this.root = element(
      "section",
      { class: "cards figures", "aria-label": text("figures") },
      ...[...this.cards.values()].map(({ root }) => root),
    );
  }

  show({ data: { totals }, periods, before }, chosen) {
    for (const [figure, card] of this.cards) {
      card.show({
        shown: isCost(figure) ? compactCost(totals[figure]) : compact(totals[figure]),
        whole: shownWhole(totals[figure], figure),
        detail: DETAILS[figure](totals),
        line: periods.filter(({ partial }) => !partial).map((period) => period[figure]),
        isChosen: figure === chosen,
      });
      card.change.tell(
        before,
        () => [totals[figure], before.totals[figure]],
        (value) => shownWhole(value, figure),
      );
    }
  }
}
