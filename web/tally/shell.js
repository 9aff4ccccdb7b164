// What both pages have around them: the bar at the top, the state of the numbers, and the place for them.

import {Cycle} from './cycle.js';
import {element, foreign, icon, unseen} from './element.js';
import {describeFault, skeleton} from './faults.js';
import {ask} from './fetching.js';
import {clock} from './format.js';
import {applyTheme, chooseLanguage, chooseTheme, LANGUAGES, settings, THEMES} from './settings.js';
import {text} from './texts.js';

export const PERIODS = [0, 30, 60, 300];
const PAGES = [['overview', '../admin/'], ['statistics', '../usage/']];
const ROUND = 'M20 11a8 8 0 1 0-.6 4M20 5v6h-6';

function select(name, label, options, chosen, choose) {
  return element('label', {class: 'choice'}, unseen(label),
    element('select', {name, title: label, onchange: (event) => choose(event.target.value)},
      ...options.map(([value, shown]) => element('option', {value, selected: String(value) === String(chosen)}, shown))));
}

/** A row of buttons of which one is pressed. */
export function buttons(label, options, choose, attributes = {}) {
  const made = options.map(([value, shown]) =>
    element('button', {type: 'button', 'data-value': value, 'aria-pressed': 'false', onclick: () => choose(value)}, shown));
  const group = element('div', {class: 'segments', role: 'group', 'aria-label': label, ...attributes}, ...made);
  return {
    group,
    press: (chosen) => made.forEach((button) => button.setAttribute('aria-pressed', String(button.dataset.value === String(chosen)))),
  };
}

export class Shell {
  /**
   * @param {'overview'|'statistics'} page
   * @param {{load: function, show: function, cards: number, elsewhere?: Object}} parts  `load` and `show` as Cycle has them
   */
  constructor(page, {load, show, cards, elsewhere}) {
    Object.assign(this, {page, cards, elsewhere, show});
    document.documentElement.lang = settings.language;
    document.title = text('title', {page: text(`page_${page}`)});
    applyTheme();
    this.content = element('div', {class: 'content'});
    this.ghost = skeleton(cards);
    this.notice = element('div', {class: 'notice', role: 'alert'});
    this.progress = element('div', {class: 'progress', role: 'progressbar', 'aria-label': text('loading'), hidden: true}, element('span'));
    this.spoken = element('p', {class: 'unseen', role: 'status'});
    this.subtitle = element('p', {class: 'subtitle'});
    this.controls = element('section', {class: 'controls', 'aria-label': text('controls')});
    this.asOf = element('span', {class: 'as-of'});
    this.cycle = new Cycle(load, (answer) => this.#receive(answer), (status) => this.#tell(status));
    this.#build();
  }

  #build() {
    this.main = element('main', {id: 'main', tabindex: '-1', 'data-state': 'loading', 'aria-busy': 'true'},
      element('div', {class: 'heading'}, element('div', {}, element('h1', {}, text(`page_${this.page}`)), this.subtitle), this.controls),
      this.notice, this.ghost, this.content, this.spoken);
    document.body.replaceChildren(
      element('a', {class: 'skip', href: '#main'}, text('skip')), this.#bar(), this.main,
      element('footer', {}, element('p', {}, text('utc')), element('p', {}, text('exactness'))));
  }

  #bar() {
    this.links = PAGES.map(([page, href]) =>
      element('a', {href, 'aria-current': page === this.page ? 'page' : null, 'data-page': page}, text(`page_${page}`)));
    this.who = element('span', {class: 'who'});
    this.refreshButton = element('button', {type: 'button', class: 'button round', title: text('refresh'), 'aria-label': text('refresh'),
                                            onclick: () => this.cycle.refresh()}, icon(ROUND));
    this.period = element('span');
    return element('header', {class: 'bar'},
      element('a', {class: 'brand', href: '../usage/'}, element('img', {src: '../tally/icon.svg', alt: '', width: 28, height: 28}), 'Tally'),
      element('nav', {'aria-label': text('pages')}, ...this.links),
      element('div', {class: 'tools'},
        this.who, this.asOf, this.refreshButton, this.period,
        select('theme', text('theme'), THEMES.map((theme) => [theme, text(`theme_${theme}`)]), settings.theme, chooseTheme),
        select('language', text('language'), Object.entries(LANGUAGES), settings.language, (language) => {
          chooseLanguage(language);
          location.reload();
        })),
      this.progress);
  }

  /** The choice of how often the page asks again by itself. */
  offerPeriods(chosen, choose) {
    const offer = select('refresh', text('automatic'), PERIODS.map((seconds) => [seconds, text(`every_${seconds}`)]), chosen, (value) => choose(Number(value)));
    this.period.replaceWith(offer);
    this.period = offer;
    this.cycle.every(chosen);
  }

  /** Who is asking. Without an answer the page offers what everybody may. */
  async greet() {
    try {
      const {data} = await ask('../v1/usage/caller');
      this.who.replaceChildren(text('signed_in'), ' ', foreign(data.user));
      this.links[0].hidden = data.role !== 'admin' && this.page !== 'overview';
      return data;
    } catch {
      return {role: 'user', tenancy: 'multi', user_id: null};
    }
  }

  #receive(answer) {
    this.ghost.remove();
    this.show(answer);
  }

  /** @param {import('./cycle.js').Status} status */
  #tell(status) {
    const {phase, share, same, fault, at} = status;
    this.main.dataset.state = phase;
    this.main.setAttribute('aria-busy', String(phase === 'loading'));
    this.content.classList.toggle('stale', !same || fault !== null);
    this.content.inert = !same && phase === 'failed';
    this.content.hidden = !same && (phase === 'failed' || at === null);
    this.progress.hidden = phase !== 'loading';
    this.#showProgress(share);
    this.refreshButton.classList.toggle('turning', phase === 'loading');
    this.#stamp(same ? at : null, phase);
    if (phase === 'ready') {
      this.notice.replaceChildren();
      this.spoken.textContent = text('loaded', {time: clock(at)});
    } else if (phase === 'failed') {
      this.ghost.remove();
      this.notice.replaceChildren(describeFault(status, () => this.cycle.refresh(), this.elsewhere));
      this.spoken.textContent = '';
    } else if (!same && fault === null) {
      this.notice.replaceChildren();
      this.#showGhost(at);
      this.spoken.textContent = text('loading');
    }
  }

  /** What is still there of another question is not passed off as new. */
  #stamp(at, phase) {
    if (at !== null) {
      this.asOf.replaceChildren(text('as_of'), ' ', element('time', {datetime: new Date(at).toISOString()}, clock(at)));
    } else {
      this.asOf.replaceChildren(phase === 'loading' ? text('loading') : '');
    }
  }

  #showGhost(at) {
    if (at === null && !this.ghost.isConnected) {
      this.content.before(this.ghost);
    }
  }

  #showProgress(share) {
    const part = this.progress.firstChild;
    this.progress.classList.toggle('measured', share !== null);
    part.style.width = share === null ? '' : `${Math.round(share * 100)}%`;
    if (share === null) {
      this.progress.removeAttribute('aria-valuenow');
    } else {
      this.progress.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    }
  }
}
