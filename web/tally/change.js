// How much more than in the period before.

import { element, icon, unseen } from "./element.js";
import { changeBy, growth } from "./format.js";
import { text } from "./texts.js";

const DRAWINGS = { up: "M7 17 17 7M9 7h8v8", down: "M7 7l10 10M9 17h8V9", level: "M5 12h14" };

const LEAST = 0.0005;

export class Change {
  constructor() {
    this.root = element("span", { class: "change" });
  }

  /**
   * @param {Object|null} before  null: not known yet; with `unknown`: why there is nothing to compare with
   * @param {function(): [*, *]} amounts  now and before
   * @param {function(*): string} whole  writes an amount with every digit
   */
  tell(before, amounts, whole) {
    this.root.className = "change";
    this.root.title = "";
    if (before === null) {
      this.root.replaceChildren();
    } else if (before.unknown !== undefined) {
      this.root.title = before.unknown;
      this.root.replaceChildren(element("span", { "aria-hidden": "true" }, "–"), unseen(before.unknown));
    } else {
      this.#show(...amounts(), whole);
    }
  }

  #show(now, then, whole) {
    const ratio = growth(now, then);
    // What is shown as 0 % points nowhere.
    const way = ratio >= LEAST ? "up" : ratio <= -LEAST ? "down" : "level";
    const earlier = text("before", { amount: whole(then) });
    this.root.classList.add(way);
    this.root.title = earlier;
    this.root.replaceChildren(
      icon(DRAWINGS[way]),
      ratio === null ? text("unchanged") : changeBy(ratio),
      unseen(` (${earlier})`),
    );
  }
}
