// How much more than in the period before.

import {element, icon, unseen} from './element.js';
import {change} from './format.js';
import {text} from './texts.js';

const DRAWINGS = {up: 'M7 17 17 7M9 7h8v8', down: 'M7 7l10 10M9 17h8V9', level: 'M5 12h14'};

export class Change {
  constructor() {
    this.root = element('span', {class: 'change'});
  }

  clear() {
    this.root.className = 'change';
    this.root.replaceChildren();
  }

  /** @param {string} reason  why there is nothing to compare with */
  excuse(reason) {
    this.clear();
    this.root.title = reason;
    this.root.append(element('span', {'aria-hidden': 'true'}, '–'), unseen(reason));
  }

  /** @param {function(*): string} whole  writes the earlier amount with every digit */
  show(now, then, whole) {
    const way = now > then ? 'up' : now < then ? 'down' : 'level';
    const earlier = text('before', {amount: whole(then)});
    this.clear();
    this.root.classList.add(way);
    this.root.title = earlier;
    this.root.append(icon(DRAWINGS[way]), Number(then) === 0 ? text(Number(now) === 0 ? 'unchanged' : 'new') : change(now, then), unseen(` (${earlier})`));
  }
}
