// A field to choose one of many collections, by typing a part of the name.

import { element, foreign, icon } from "./element.js";
import { text } from "./texts.js";
import { isUuid } from "./uuid.js";

const MOST = 50;
const CROSS = "M6 6l12 12M18 6L6 18";

/** @see https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ */
export class Picker {
  /**
   * @param {string} label
   * @param {function(): ({id: string, title: string}[]|Promise)} find  all there are
   * @param {function(string|null)} choose
   */
  constructor(label, find, choose) {
    Object.assign(this, { find, choose, chosen: null, options: [], active: -1 });
    this.list = element("ul", { id: "collections", role: "listbox", "aria-label": label, hidden: true });
    this.input = element("input", {
      type: "text",
      name: "collection",
      role: "combobox",
      "aria-label": label,
      "aria-expanded": "false",
      "aria-controls": "collections",
      "aria-autocomplete": "list",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: text("all_collections"),
      onfocus: () => this.input.select(),
      onclick: () => this.#open(),
      oninput: () => this.#open(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#close(),
    });
    this.clear = element(
      "button",
      {
        type: "button",
        class: "clear",
        "aria-label": text("all_collections"),
        title: text("all_collections"),
        hidden: true,
        onclick: () => {
          this.choose(null);
          this.input.focus();
        },
      },
      icon(CROSS),
    );
    this.root = element("div", { class: "picker" }, this.input, this.clear, this.list);
  }

  /** @param {{id: string, title: string}|null} chosen */
  show(chosen) {
    this.chosen = chosen;
    this.clear.hidden = chosen === null;
    if (document.activeElement !== this.input || this.list.hidden) {
      this.input.value = chosen?.title ?? "";
    }
  }

  async #open() {
    this.input.setAttribute("aria-expanded", "true");
    this.list.hidden = false;
    const found = this.find();
    if (found instanceof Promise) {
      this.list.replaceChildren(element("li", { class: "hint", role: "presentation" }, text("loading")));
      this.options = [];
    }
    const all = await found;
    if (!this.list.hidden) {
      this.#offer(all);
    }
  }

  #offer(all) {
    const typed = this.input.value.trim().toLocaleLowerCase();
    const wanted = typed === this.chosen?.title.toLocaleLowerCase() ? "" : typed;
    const found = all.filter(({ id, title }) => title.toLocaleLowerCase().includes(wanted) || id.startsWith(wanted));
    this.options = [...(wanted === "" ? [{ id: null, title: text("all_collections") }] : []), ...found.slice(0, MOST)];
    if (found.length === 0 && isUuid(typed)) {
      this.options.push({ id: typed, title: typed });
    }
    // Two of one name are told apart by their ids.
    const names = this.options.map(({ title }) => title);
    this.twins = new Set(names.filter((name, at) => names.indexOf(name) !== at));
    this.active = wanted === "" ? -1 : 0;
    const rest = found.length - MOST;
    this.list.replaceChildren(
      ...this.options.map((option, at) => this.#option(option, at)),
      ...(this.options.length === 0
        ? [element("li", { class: "hint", role: "presentation" }, text("nothing_found"))]
        : []),
      ...(rest > 0
        ? [element("li", { class: "hint", role: "presentation" }, text("more_options", { count: rest }))]
        : []),
    );
    this.#mark();
  }

  #option({ id, title }, at) {
    // Chosen before the field loses the focus, and with it the list.
    return element(
      "li",
      {
        role: "option",
        id: `collection-${at}`,
        "aria-selected": String(id === (this.chosen?.id ?? null)),
        onmousedown: (event) => {
          event.preventDefault();
          this.#take(this.options[at]);
        },
      },
      foreign(title),
      this.twins.has(title) && id !== null ? element("small", {}, ` ${id}`) : null,
    );
  }

  #mark() {
    [...this.list.querySelectorAll("[role=option]")].forEach((option, at) =>
      option.classList.toggle("active", at === this.active),
    );
    if (this.active >= 0 && this.active < this.options.length) {
      this.input.setAttribute("aria-activedescendant", `collection-${this.active}`);
      this.list.children[this.active].scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  #key(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) {
      event.preventDefault();
      if (this.list.hidden) {
        this.#open();
      } else {
        this.active = Math.max(0, Math.min(this.options.length - 1, this.active + moves[event.key]));
        this.#mark();
      }
    } else if (event.key === "Enter" && !this.list.hidden && this.active >= 0) {
      event.preventDefault();
      this.#take(this.options[this.active]);
    } else if (event.key === "Enter" && this.input.value.trim() === "") {
      // An emptied field is what "all" looks like.
      event.preventDefault();
      this.#take({ id: null });
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.#close();
    }
  }

  #take(option) {
    if (option !== undefined) {
      this.chosen = option.id === null ? null : option;
      this.#close();
      this.choose(option.id);
    }
  }

  #close() {
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.input.value = this.chosen?.title ?? "";
  }
}
