// A part of the page with a title, and tools beside it.

import { element } from "./element.js";
import { buttons } from "./controls.js";
import { text } from "./texts.js";

export function panel(name, title, ...children) {
  const heading = element("h2", { id: `${name}-title` }, title);
  const tools = element("div", { class: "panel-tools" });
  const root = element(
    "section",
    { class: `panel ${name}`, "aria-labelledby": `${name}-title`, "data-panel": name },
    element("div", { class: "panel-head" }, heading, tools),
    ...children,
  );
  return { root, heading, tools };
}

/** The same numbers as a chart or as a table. */
export function chartOrTable(title, plot, table, choose) {
  const choice = buttons(
    text("shown_as", { title }),
    [
      ["chart", text("chart")],
      ["table", text("table")],
    ],
    choose,
    { class: "segments small" },
  );
  return {
    choice: choice.group,
    show: (shown) => {
      choice.press(shown);
      plot.hidden = shown !== "chart";
      table.hidden = shown === "chart";
    },
  };
}
