// What is asked for once the numbers themselves are shown, which do not wait for it.

import { waitAfter } from "./fetching.js";

/** A page that nobody sees asks nothing; it does so once it is seen again. */
function whenSeen(work) {
  if (document.visibilityState === "visible") {
    work();
  } else {
    document.addEventListener("visibilitychange", () => whenSeen(work), { once: true });
  }
}

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
   * @param {string} otherwise  why, where it fails; what may pass is then asked for again, until something else is
   */
  async find(find, otherwise, failures = 0) {
    this.controller.abort();
    this.controller = new AbortController();
    const { signal } = this.controller;
    this.isOld = this.found !== null;
    let wait = 0;
    const found = await find(signal).catch((problem) => {
      wait = waitAfter(problem, failures);
      return { unknown: otherwise };
    });
    if (signal.aborted) {
      return;
    }
    Object.assign(this, { found, isOld: false });
    this.show();
    if (wait > 0) {
      setTimeout(() => whenSeen(() => signal.aborted || this.find(find, otherwise, failures + 1)), wait * 1000);
    }
  }
}
