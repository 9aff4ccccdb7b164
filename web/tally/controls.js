// What the reader chooses with.

import { element, unseen } from "./element.js";

/** A list of which one is chosen. */
export function select(name, label, options, chosen, choose) {
  return element(
    "label",
    { class: "choice" },
    unseen(label),
    element(
      "select",
      { name, title: label, onchange: (event) => choose(event.target.value) },
      ...options.map(([value, shown]) =>
        element("option", { value, selected: String(value) === String(chosen) }, shown),
      ),
    ),
  );
}

/** A row of buttons of which one is pressed. */
export function buttons(label, options, choose, attributes = {}) {
  const made = options.map(([value, shown]) =>
    element(
      "button",
      { type: "button", "data-value": value, "aria-pressed": "false", onclick: () => choose(value) },
      shown,
    ),
  );
  const group = element("div", { class: "segments", role: "group", "aria-label": label, ...attributes }, ...made);
  return {
    group,
    press: (chosen) =>
      made.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.value === String(chosen)))),
  };
}
