// What is asked for once the numbers themselves are shown, which do not wait for it.

import { Fault } from "./fetching.js";

/** Seconds until what failed is asked for again, where the server does not say when. */
const WAIT = 15;
const PASSING = ["limited", "unavailable", "network", "server", "slow"];

export class Later {
  /** @param {function()} show  is called when `found` is there */
  constructor(show) {
    Object.assign(this, { show, found: null, isOld: false, controller: new AbortController() });
  }

  /** For another question what is known is of no use. */
  forget() {
    this.controller.abort();
    this.found = null;
  }

  /**
   * @param {function(AbortSignal): Promise<*>} find  `found` becomes what it finds, or {unknown: why there is nothing};
   *   until then it is that of before, and `isOld`
   * @param {string} otherwise  why, where it fails; then it is asked for again, until something else is
   */
  async find(find, otherwise) {
    this.controller.abort();
    this.controller = new AbortController();
    const { signal } = this.controller;
    this.isOld = this.found !== null;
    let wait = 0;
    const found = await find(signal).catch((problem) => {
      wait = problem instanceof Fault && PASSING.includes(problem.kind) ? (problem.wait ?? WAIT) : 0;
      return { unknown: otherwise };
    });
    if (signal.aborted) {
      return;
    }
    Object.assign(this, { found, isOld: false });
    this.show();
    if (wait > 0) {
      setTimeout(() => signal.aborted || this.find(find, otherwise), wait * 1000);
    }
  }
}
