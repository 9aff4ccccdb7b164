// What of a table stands in the address: its order, the text that is looked for, the page, and how many rows that has.

import { anyText } from "./address.js";

/** How many rows a page may have. */
export const SIZES = [10, 25, 50, 100];

/** Sort is the key of a column, with "-" before it from the largest down; "" is the table's own order. */
export const TABLE_STATE = { sort: "", filter: "", page: 1, size: SIZES[0] };

/** Fields of the address for a table; `name` goes before each. */
export function tableFields(name) {
  return {
    [`${name}_sort`]: anyText(),
    [`${name}_filter`]: anyText(),
    [`${name}_page`]: { preset: 1, read: (given) => (/^[1-9]\d{0,6}$/.test(given) ? Number(given) : undefined) },
    [`${name}_size`]: {
      preset: SIZES[0],
      read: (given) => (SIZES.includes(Number(given)) ? Number(given) : undefined),
    },
  };
}

/** The state of a table, from the values of the address. */
export function stateOf(name, values) {
  return Object.fromEntries(Object.keys(TABLE_STATE).map((key) => [key, values[`${name}_${key}`]]));
}

/** The other way round. */
export function fieldsOf(name, state) {
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [`${name}_${key}`, value]));
}
