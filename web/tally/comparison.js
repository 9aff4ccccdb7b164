// The period before: asked for once the numbers themselves are shown, which do not wait for it.

import {text} from './texts.js';

export class Comparison {
  /** @param {function()} show  is called when `before` is known */
  constructor(show) {
    Object.assign(this, {show, before: null, controller: new AbortController()});
  }

  /** For another question what is known of the period before is of no use. */
  forget() {
    this.controller.abort();
    this.before = null;
  }

  /** @param {function(AbortSignal): Promise<*>} find  `before` becomes what it finds, or {unknown: why there is nothing} */
  async find(find) {
    this.controller.abort();
    this.controller = new AbortController();
    const {signal} = this.controller;
    const found = await find(signal).catch(() => ({unknown: text('no_comparison')}));
    if (!signal.aborted) {
      this.before = found;
      this.show();
    }
  }
}
