// A figure that can be chosen: how much, how much more than before, and how it went.

import { Change } from "./change.js";
import { element, icon, unseen } from "./element.js";
import { Sparkline } from "./plot.js";

export class Card {
  /**
   * @param {{name: Node|string, drawing: string, look: string, hint: string, data: Object, choose: function()}} parts
   *   `look` is the class that has its colour, `data` are attributes that tell it from others
   */
  constructor({ name, drawing, look, hint, data, choose }) {
    this.value = element("span", { class: "value" });
    this.change = new Change();
    this.detail = element("span", { class: "detail" });
    this.line = new Sparkline();
    this.root = element(
      "button",
      { type: "button", class: `card ${look}`, ...data, "aria-pressed": "false", title: hint, onclick: choose },
      element(
        "span",
        { class: "card-name" },
        element("span", { class: "badge" }, icon(drawing)),
        element("span", {}, name),
      ),
      element("span", { class: "card-figure" }, this.value, this.change.root),
      this.detail,
      this.line.root,
    );
  }

  /** `shown` is for the eye; `whole`, with every digit, is for who points at it or hears it. */
  show({ shown, whole, detail, detailWhole = "", line, isChosen }) {
    this.value.replaceChildren(element("span", { title: whole, "aria-hidden": "true" }, shown), unseen(whole));
    this.detail.textContent = detail;
    this.detail.title = detailWhole;
    this.root.setAttribute("aria-pressed", String(isChosen));
    this.line.show(line.map(Number));
  }
}
