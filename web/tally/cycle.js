// Asking, asking again, and never twice at once.

import { Fault, waitAfter } from "./fetching.js";

/** What may have passed by the time that the page asks by itself. */
const LASTING = ["slow", "large", "missing", "page"];

/**
 * @typedef {Object} Status
 * @property {'loading'|'ready'|'failed'} phase
 * @property {boolean} same      whether what is shown answers the present question
 * @property {number|null} share how much of the reply is here, from 0 to 1
 * @property {Fault|null} fault
 * @property {number|null} retry when it is asked again by itself, in milliseconds since 1970
 * @property {number|null} at    the server's time of what is shown
 */

export class Cycle {
  /**
   * @param {function({signal: AbortSignal, progress: function(number)}): Promise<{at: number}>} load
   * @param {function(Object)} show  gets what was loaded
   * @param {function(Status)} tell
   */
  constructor(load, show, tell) {
    Object.assign(this, { load, show, tell, controller: null, failures: 0, period: 0, due: null, timer: 0 });
    this.status = { phase: "loading", same: false, share: null, fault: null, retry: null, at: null };
    document.addEventListener("visibilitychange", () => this.#wake());
    addEventListener(
      "online",
      () => this.status.phase === "failed" && this.status.fault.kind === "network" && this.refresh(),
    );
  }

  /** A new question: what is on its way for the old one is of no use. */
  ask() {
    this.controller?.abort();
    this.controller = null;
    this.failures = 0;
    Object.assign(this.status, { same: false, fault: null });
    this.#run();
  }

  /** The same question again, unless the answer is on its way. */
  refresh() {
    if (this.controller === null) {
      this.#run();
    }
  }

  /** Asks again so many seconds after each answer; 0: never. */
  every(seconds) {
    this.period = seconds;
    if (this.controller === null && (this.status.phase === "ready" || LASTING.includes(this.status.fault?.kind))) {
      this.#plan(seconds);
    }
  }

  async #run() {
    const controller = new AbortController();
    this.controller = controller;
    this.#plan(0);
    this.#become({ phase: "loading", share: null, retry: null });
    try {
      const answer = await this.load({
        signal: controller.signal,
        progress: (share) => this.#become({ share }),
      });
      if (this.controller === controller) {
        this.#succeed(answer);
      }
    } catch (problem) {
      if (this.controller === controller) {
        this.controller = null;
        this.#fail(problem);
      }
    }
  }

  #succeed(answer) {
    this.show(answer);
    this.controller = null;
    this.failures = 0;
    this.#become({ phase: "ready", same: true, fault: null, at: answer.at });
    this.#plan(this.period);
  }

  #fail(problem) {
    const fault =
      problem instanceof Fault ? problem : new Fault("page", { message: String(problem?.message ?? problem) });
    const wait = waitAfter(fault, this.failures);
    this.failures += 1;
    this.#plan(LASTING.includes(fault.kind) ? this.period : wait);
    this.#become({ phase: "failed", fault, retry: this.due, at: this.status.same ? this.status.at : null });
    if (fault.kind === "page") {
      throw problem;
    }
  }

  #become(change) {
    Object.assign(this.status, change);
    this.tell(this.status);
  }

  #plan(seconds) {
    clearTimeout(this.timer);
    this.due = seconds > 0 ? Date.now() + seconds * 1000 : null;
    this.timer = seconds > 0 ? setTimeout(() => this.#wake(), seconds * 1000) : 0;
  }

  /** A page that nobody sees asks nothing; it does so once it is seen again. */
  #wake() {
    if (this.due !== null && Date.now() >= this.due - 50 && document.visibilityState === "visible") {
      this.refresh();
    }
  }
}
