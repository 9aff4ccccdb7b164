// What both pages have around them: the bar at the top, the state of the numbers, and the place for them.

import { Address } from "./address.js";
import { select } from "./controls.js";
import { Cycle } from "./cycle.js";
import { element, foreign, icon } from "./element.js";
import { describeEmpty, describeFault, skeleton } from "./faults.js";
import { ask } from "./fetching.js";
import { clock } from "./format.js";
import { applyTheme, chooseLanguage, chooseTheme, LANGUAGES, settings, THEMES } from "./settings.js";
import { text } from "./texts.js";

const PERIODS = [0, 30, 60, 300];
const PERIOD = { preset: 0, read: (given) => PERIODS.find((seconds) => String(seconds) === given) };
const PAGES = [
  ["overview", "../admin/"],
  ["statistics", "../usage/"],
];
const ROUND = "M20 11a8 8 0 1 0-.6 4M20 5v6h-6";

export class Shell {
  /**
   * @param {'overview'|'statistics'} page
   * @param {Object} parts
   * @param {Object<string, import('./address.js').Field>} parts.fields  of the address
   * @param {string[]} parts.question  those of them that make it another question, and not another view
   * @param {function} parts.load  as Cycle has it
   * @param {function(Object)} parts.keep  gets what was loaded, before it is drawn
   * @param {function()} parts.press  shows in the controls what is chosen
   * @param {function()} parts.draw  shows what was loaded last
   * @param {function()} parts.forget  another question is about to be asked
   * @param {function(Object)} [parts.greet]  gets who is asking, as /v1/usage/caller says it
   * @param {{href: string, label: string}} [parts.elsewhere]  where to go for who may not come here
   */
  constructor(page, { fields, load, greet = () => {}, ...parts }) {
    Object.assign(this, { page, greet, ...parts, hasAnswer: false, caller: undefined });
    this.address = new Address({ ...fields, refresh: PERIOD }, (values, before) => this.#follow(values, before));
    document.documentElement.lang = settings.language;
    document.title = text("title", { page: text(`page_${page}`) });
    applyTheme();
    this.content = element("div", { class: "content" });
    this.ghost = skeleton(page === "overview" ? 8 : 6, page === "overview" ? "" : "figures");
    this.empty = element("div");
    this.parts = element("div", { class: "parts" });
    this.content.append(this.empty, this.parts);
    this.notice = element("div", { class: "notice", role: "alert" });
    this.progress = element(
      "div",
      { class: "progress", role: "progressbar", "aria-label": text("loading"), hidden: true },
      element("span"),
    );
    this.spoken = element("p", { class: "unseen", role: "status" });
    this.subtitle = element("p", { class: "subtitle" });
    this.controls = element("section", { class: "controls", "aria-label": text("controls") });
    this.asOf = element("span", { class: "as-of" });
    this.cycle = new Cycle(
      load,
      (answer) => this.#receive(answer),
      (status) => this.#tell(status),
    );
    this.#build();
  }

  #build() {
    this.main = element(
      "main",
      { id: "main", tabindex: "-1", "data-state": "loading", "aria-busy": "true" },
      element(
        "div",
        { class: "heading" },
        element("div", {}, element("h1", {}, text(`page_${this.page}`)), this.subtitle),
        this.controls,
      ),
      this.notice,
      this.ghost,
      this.content,
      this.spoken,
    );
    document.body.replaceChildren(
      element("a", { class: "skip", href: "#main" }, text("skip")),
      this.#bar(),
      this.main,
      element("footer", {}, element("p", {}, text("utc")), element("p", {}, text("exactness"))),
    );
  }

  #bar() {
    this.links = PAGES.map(([page, href]) =>
      element(
        "a",
        { href, "aria-current": page === this.page ? "page" : null, "data-page": page },
        text(`page_${page}`),
      ),
    );
    this.who = element("span", { class: "who" });
    this.refreshButton = element(
      "button",
      {
        type: "button",
        class: "button round",
        title: text("refresh"),
        "aria-label": text("refresh"),
        onclick: () => this.cycle.refresh(),
      },
      icon(ROUND),
    );
    this.period = select(
      "refresh",
      text("automatic"),
      PERIODS.map((seconds) => [seconds, text(`every_${seconds}`)]),
      0,
      (value) => this.change({ refresh: Number(value) }),
    );
    return element(
      "header",
      { class: "bar" },
      element(
        "a",
        { class: "brand", href: "../usage/" },
        element("img", { src: "../tally/icon.svg", alt: "", width: 28, height: 28 }),
        "Tally",
      ),
      element("nav", { "aria-label": text("pages") }, ...this.links),
      element(
        "div",
        { class: "tools" },
        this.who,
        this.asOf,
        this.refreshButton,
        this.period,
        select(
          "theme",
          text("theme"),
          THEMES.map((theme) => [theme, text(`theme_${theme}`)]),
          settings.theme,
          chooseTheme,
        ),
        select("language", text("language"), Object.entries(LANGUAGES), settings.language, (language) => {
          chooseLanguage(language);
          location.reload();
        }),
      ),
      this.progress,
    );
  }

  /** Everything of the page is there: it asks for the first time. */
  start() {
    this.press();
    this.#offerPeriods();
    // Ends when the server's time is known, if it can be, and who asks.
    this.greeted = this.#greet();
    this.cycle.ask();
  }

  /** Changes what is chosen; see Address. */
  change(changes, instead = false) {
    this.address.set(changes, { instead });
  }

  #follow(values, before) {
    const has = (name) => values[name] !== before[name];
    this.press();
    if (this.question.some(has)) {
      this.forget();
      this.cycle.ask();
    } else if (this.hasAnswer) {
      this.draw();
    }
    if (has("refresh")) {
      this.#offerPeriods();
    }
  }

  /** The parts of the page, or, with lines of text, that there is nothing to show in them. */
  showParts(lines) {
    this.parts.hidden = lines !== null;
    this.empty.replaceChildren(...(lines === null ? [] : [describeEmpty(lines)]));
    return lines === null;
  }

  /** The choice of how often the page asks again by itself. */
  #offerPeriods() {
    const chosen = this.address.values.refresh;
    this.period.querySelector("select").value = String(chosen);
    this.cycle.every(chosen);
  }

  /** Finds out who is asking: null is not known, and asked again with the next answer. Until then the page offers what everybody may. */
  async #greet() {
    const { data } = await ask("../v1/usage/caller").catch(() => ({ data: null }));
    this.caller = data;
    if (data !== null) {
      this.who.replaceChildren(text("signed_in"), " ", foreign(data.user));
      this.links[0].hidden = data.role !== "admin" && this.page !== "overview";
      this.greet(data);
    }
  }

  #receive(answer) {
    this.ghost.remove();
    this.hasAnswer = true;
    if (this.caller === null) {
      this.#greet();
    }
    this.keep(answer);
    this.draw();
  }

  /** @param {import('./cycle.js').Status} status */
  #tell(status) {
    const { phase, share, same, fault, at } = status;
    this.main.dataset.state = phase;
    this.main.setAttribute("aria-busy", String(phase === "loading"));
    this.content.classList.toggle("stale", !same || fault !== null);
    this.content.inert = !same && phase === "failed";
    this.content.hidden = !same && (phase === "failed" || at === null);
    this.progress.hidden = phase !== "loading";
    this.#showProgress(share);
    this.refreshButton.classList.toggle("turning", phase === "loading");
    this.#stamp(same ? at : null, phase);
    if (phase === "ready") {
      this.#notify();
      this.spoken.textContent = text("loaded", { time: clock(at) });
    } else if (phase === "failed") {
      this.ghost.remove();
      if (!same) {
        this.subtitle.replaceChildren();
      }
      this.#notify(describeFault(status, () => this.cycle.refresh(), this.elsewhere));
      this.spoken.textContent = "";
    } else if (!same && fault === null) {
      this.#notify();
      this.#showGhost(at);
      this.spoken.textContent = text("loading");
    }
  }

  /** The focus stays with who has just tried again. */
  #notify(...faults) {
    const hadFocus = this.notice.contains(document.activeElement);
    this.notice.replaceChildren(...faults);
    if (hadFocus) {
      (this.notice.querySelector("button") ?? this.main).focus({ preventScroll: true });
    }
  }

  /** What is still there of another question is not passed off as new. */
  #stamp(at, phase) {
    if (at !== null) {
      this.asOf.replaceChildren(
        text("as_of"),
        " ",
        element("time", { datetime: new Date(at).toISOString() }, clock(at)),
      );
    } else {
      this.asOf.replaceChildren(phase === "loading" ? text("loading") : "");
    }
  }

  #showGhost(at) {
    if (at === null && !this.ghost.isConnected) {
      this.content.before(this.ghost);
    }
  }

  #showProgress(share) {
    const part = this.progress.firstChild;
    this.progress.classList.toggle("measured", share !== null);
    part.style.width = share === null ? "" : `${Math.round(share * 100)}%`;
    if (share === null) {
      this.progress.removeAttribute("aria-valuenow");
    } else {
      this.progress.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    }
  }
}
