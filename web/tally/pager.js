// The buttons below a table that turn its pages, and the choice of how long those are.

import { element } from "./element.js";
import { SIZES } from "./table_state.js";
import { text } from "./texts.js";

export class Pager {
  /** @param {function(number)} turn  gets -1 or 1  @param {function(number)} resize  gets the rows of a page */
  constructor(name, title, turn, resize) {
    const button = (word, step) =>
      element(
        "button",
        {
          type: "button",
          class: "button",
          onclick: () => turn(step),
          "aria-label": text(`${word}_of`, { table: title }),
        },
        text(word),
      );
    this.back = button("page_back", -1);
    this.on = button("page_on", 1);
    this.size = element(
      "select",
      {
        name: `${name}-size`,
        "aria-label": text("page_size_of", { table: title }),
        onchange: () => resize(Number(this.size.value)),
      },
      ...SIZES.map((count) => element("option", { value: count }, text("page_size", { count }))),
    );
    this.root = element("div", { class: "pager" }, this.size, this.back, this.on);
  }

  /** @param {boolean} isLong  whether the table has more rows than the shortest page */
  show(page, pages, size, isLong) {
    const focused = document.activeElement;
    this.back.disabled = page === 1;
    this.on.disabled = page === pages;
    this.back.hidden = this.on.hidden = pages === 1;
    // At the end of the way the keyboard finds the way back.
    if (focused === this.back && this.back.disabled) {
      this.on.focus();
    } else if (focused === this.on && this.on.disabled) {
      this.back.focus();
    }
    this.size.value = String(size);
    this.size.hidden = !isLong;
  }
}
