// The filters of the statistics. Everybody may filter by agent and thread; who sees all users, also by theirs.

import { element } from "./element.js";
import { text } from "./texts.js";
import { UUID_PATTERN } from "./uuid.js";

export const FILTERS = [
  { name: "agent", parameter: "agent_id" },
  { name: "thread", parameter: "thread_id" },
  { name: "user", parameter: "user_id", isId: true },
  { name: "bot", parameter: "bot_id", isId: true },
  { name: "channel", parameter: "channel_id", isId: true },
];

export class Filters {
  constructor(change) {
    this.change = change;
    this.offered = new Set(FILTERS.filter(({ isId }) => !isId).map(({ name }) => name));
    this.inputs = FILTERS.map((filter) => this.#input(filter));
    this.clear = element(
      "button",
      { type: "button", class: "button", hidden: true, onclick: () => this.#remove() },
      text("no_filters"),
    );
    this.root = element(
      "div",
      { class: "filters", role: "group", "aria-label": text("filters") },
      ...this.inputs.map((input) => input.parentNode),
      this.clear,
    );
  }

  #input({ name, isId = false }) {
    const input = element("input", {
      type: "text",
      name,
      placeholder: text("filter_any"),
      spellcheck: "false",
      autocomplete: "off",
      pattern: isId ? UUID_PATTERN : null,
      onchange: () => this.#apply(input),
      onkeydown: (event) => event.key === "Enter" && this.#apply(input),
      oninput: () => input.setCustomValidity(""),
    });
    element("label", { hidden: isId }, element("span", {}, text(`filter_${name}`)), input);
    return input;
  }

  #apply(input) {
    input.value = input.value.trim();
    input.setCustomValidity("");
    if (input.validity.patternMismatch) {
      input.setCustomValidity(text("not_an_id"));
      input.reportValidity();
    } else {
      this.change({ [input.name]: input.value, buckets_page: 1 });
    }
  }

  #remove() {
    this.change(Object.fromEntries([...FILTERS.map(({ name }) => [name, ""]), ["buckets_page", 1]]));
    this.inputs[0].focus();
  }

  /** @param {{role: string, tenancy: string}} caller */
  offer({ role, tenancy }) {
    if (role !== "user" && tenancy === "multi") {
      FILTERS.forEach(({ name }) => this.offered.add(name));
    }
    this.#reveal();
  }

  show(values) {
    for (const input of this.inputs) {
      if (document.activeElement !== input || input.value.trim() !== values[input.name]) {
        input.value = values[input.name];
      }
    }
    this.#reveal();
  }

  /** A filter that the address holds is to be seen, whoever asks. */
  #reveal() {
    this.inputs.forEach((input) => {
      input.parentNode.hidden = !this.offered.has(input.name) && input.value === "";
    });
    this.clear.hidden = this.inputs.every((input) => input.value === "");
  }
}
