// What the reader sees while there is nothing to show, or nothing new.

import { element, icon } from "./element.js";
import { clock } from "./format.js";
import { text } from "./texts.js";

const DRAWINGS = {
  login: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v10H5zM12 15v2",
  forbidden: "M12 3l8 3v6c0 4.5-3.4 8-8 9-4.6-1-8-4.5-8-9V6zM9 9l6 6M15 9l-6 6",
  limited: "M12 21a9 9 0 1 1 9-9M12 7v5l3 2M17 17h4v4",
  unavailable: "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 6v12c0 1.7 3.6 3 8 3M20 6v6M15 15l6 6M21 15l-6 6",
  slow: "M6 3h12M6 21h12M7 3c0 5 5 6 5 9s-5 4-5 9M17 3c0 5-5 6-5 9s5 4 5 9",
  network: "M3 3l18 18M8.5 16.5a5 5 0 0 1 7 0M5 13a10 10 0 0 1 5-2.7M14 10.3A10 10 0 0 1 19 13M12 20h.01",
};
const DRAWING = "M12 3l9.5 17h-19zM12 10v4M12 17h.01";

/** What the reader can do about each; the others can be tried again. */
const RELOADING = ["login", "page"];
const NO_REMEDY = ["forbidden", "question"];

function remedy(fault, refresh) {
  if (NO_REMEDY.includes(fault.kind)) {
    return null;
  }
  return RELOADING.includes(fault.kind)
    ? element(
        "button",
        { type: "button", class: "button strong", onclick: () => location.reload() },
        text(fault.kind === "login" ? "sign_in_again" : "reload"),
      )
    : element("button", { type: "button", class: "button strong", onclick: refresh }, text("try_again"));
}

/** Counts down to the next attempt, for the eye alone: a screen reader would never be quiet. */
function countdown(retry) {
  const line = element("p", { class: "countdown", "aria-hidden": "true" });
  const tick = () => {
    const left = Math.max(0, Math.ceil((retry - Date.now()) / 1000));
    line.textContent = text("trying_again", { count: left });
    if (left > 0 && (line.isConnected || !line.dataset.shown)) {
      line.dataset.shown = "yes";
      setTimeout(tick, 1000);
    }
  };
  tick();
  return line;
}

function link(fault, elsewhere) {
  return fault.kind === "forbidden" && elsewhere
    ? element("p", {}, element("a", { href: elsewhere.href, class: "button strong" }, elsewhere.label))
    : null;
}

/**
 * A fault, with what to do about it: a whole panel where nothing can be shown, or a line above numbers that are
 * not new (`at` says from when they are).
 *
 * @param {import('./cycle.js').Status} status
 * @param {function()} refresh
 * @param {{href: string, label: string}} [elsewhere]  where the reader may go who may not come here
 */
export function describeFault({ fault, retry, same, at }, refresh, elsewhere) {
  const stale = same && at !== null;
  return element(
    "div",
    { class: `fault ${stale ? "line" : "panel"}`, "data-kind": fault.kind },
    icon(DRAWINGS[fault.kind] ?? DRAWING),
    element(
      "div",
      { class: "fault-text" },
      element(stale ? "strong" : "h2", {}, text(`fault_${fault.kind}`)),
      stale ? element("p", { class: "stale-since" }, text("stale", { time: clock(at) })) : null,
      element("p", {}, text(`remedy_${fault.kind}`)),
      fault.message && ["question", "server", "forbidden"].includes(fault.kind)
        ? element("p", { class: "said" }, text("server_said", { message: fault.message }))
        : null,
      retry === null ? null : countdown(retry),
      link(fault, elsewhere),
    ),
    remedy(fault, refresh),
  );
}

/** Nothing was used: that is an answer too. */
export function describeEmpty(lines) {
  return element(
    "div",
    { class: "fault panel empty", "data-kind": "empty" },
    icon("M4 20V10M10 20V4M16 20v-7M22 20H2"),
    element(
      "div",
      { class: "fault-text" },
      element("h2", {}, text("empty")),
      ...lines.map((line) => element("p", {}, line)),
    ),
  );
}

/** In the place of what is about to come. */
export function skeleton(cards, form) {
  const part = (name) => element("div", { class: `ghost ${name}` });
  return element(
    "div",
    { class: "skeleton", "aria-hidden": "true" },
    element("div", { class: `cards ${form}` }, ...Array.from({ length: cards }, () => part("ghost-card"))),
    part("ghost-chart"),
    part("ghost-table"),
  );
}
