// What is asked for once the numbers themselves are shown, which do not wait for it.

export class Later {
  /** @param {function()} show  is called when `found` is there */
  constructor(show) {
    Object.assign(this, { show, found: null, controller: new AbortController() });
  }

  /** For another question what is known is of no use. */
  forget() {
    this.controller.abort();
    this.found = null;
  }

  /**
   * @param {function(AbortSignal): Promise<*>} find  `found` becomes what it finds, or {unknown: why there is nothing}
   * @param {string} otherwise  why, where it fails
   */
  async find(find, otherwise) {
    this.controller.abort();
    this.controller = new AbortController();
    const { signal } = this.controller;
    const found = await find(signal).catch(() => ({ unknown: otherwise }));
    if (!signal.aborted) {
      this.found = found;
      this.show();
    }
  }
}
