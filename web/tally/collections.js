// The table of collections: what each of them had of every type.

import {element, foreign} from './element.js';
import {amount, compact, exact, exactAmount} from './format.js';
import {collectionsOf, typesOf} from './overview_figures.js';
import {panel} from './panel.js';
import {classOf, nameOf, unitOf} from './resource_types.js';
import {Table} from './table.js';
import {text} from './texts.js';

/** What a collection is called: by its id where it has no title, and what belongs to none by that. */
export function titleOf({id, title}) {
  return id === null ? text('no_collection') : title || id;
}

/** What a click on a collection does: everything shows that one, from the top. */
export function collectionChooser(change) {
  return (id) => {
    change({collection: id, collections_page: 1, kinds_page: 1});
    document.getElementById('main').focus({preventScroll: true});
    scrollTo({top: 0});
  };
}

/** A collection that can be chosen by a click. */
export function collectionCell(row, choose) {
  if (row.id === null) {
    return element('span', {class: 'nothing'}, text('no_collection'));
  }
  return element('button', {type: 'button', class: 'link', 'data-collection': row.id, onclick: () => choose(row.id)}, foreign(titleOf(row)));
}

export class Collections {
  constructor(change) {
    this.choose = collectionChooser(change);
    this.table = new Table({name: 'collections', title: text('collections'), change});
    this.panel = panel('collections', text('collections'), this.table.root);
    this.panel.tools.append(this.table.tools);
    this.root = this.panel.root;
  }

  show({data}, values) {
    this.table.show(collectionsOf(data), [
      {key: 'title', label: text('collection'), value: titleOf, cell: (row) => collectionCell(row, this.choose)},
      ...typesOf(data).flatMap((type) => this.#columns(type)),
      {key: 'events', label: text('all_events'), value: (row) => row.events, format: compact, exact: (value) => text('events', {count: value}), sum: true, colour: 'type-all'},
    ], values);
  }

  #columns(type) {
    const unit = unitOf(type);
    const column = {
      key: `type:${type}`, label: nameOf(type), value: (row) => row.amounts[type] ?? 0, sum: true, colour: classOf(type),
      format: (value) => (unit === null ? compact(value) : amount(value, unit)),
      exact: (value) => (unit === null ? text('events', {count: value}) : exactAmount(value, unit)),
    };
    return type === 'ai' ? [column, {key: 'tokens_out', label: text('column_tokens_out'), value: (row) => row.second, format: compact, exact, sum: true, colour: 'type-ai'}] : [column];
  }
}
