// What the reader has chosen stands in the address: it can be sent to others, and the back button works.

/**
 * @typedef {Object} Field
 * @property {*} preset        the value where the address has none; it is not written there
 * @property {function(string): *} read   undefined: not a value; the preset then
 * @property {function(*): string} [write]
 */

export class Address {
  /** @param {Object<string, Field>} fields  @param {function(Object, Object)} changed  called with the new values and the old ones */
  constructor(fields, changed) {
    this.fields = fields;
    this.changed = changed;
    this.values = this.#read();
    addEventListener("popstate", () => this.#become(this.#read()));
  }

  #read() {
    const given = new URLSearchParams(location.search);
    return Object.fromEntries(
      Object.entries(this.fields).map(([name, field]) => {
        const text = given.get(name);
        return [name, (text === null ? undefined : field.read(text)) ?? field.preset];
      }),
    );
  }

  /** The address with some values changed, relative to the page. */
  with(changes) {
    const values = { ...this.values, ...changes };
    const query = new URLSearchParams(location.search);
    for (const [name, field] of Object.entries(this.fields)) {
      const text = (field.write ?? String)(values[name]);
      query.delete(name);
      if (text !== (field.write ?? String)(field.preset)) {
        query.set(name, text);
      }
    }
    // Commas and colons need no escape there, and are easier to read.
    const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
    return text === "" ? location.pathname : `?${text}`;
  }

  /** Changes values. What is typed letter by letter takes the place of the entry in the history. */
  set(changes, { instead = false } = {}) {
    const address = this.with(changes);
    if (new URL(address, location.href).href !== location.href) {
      history[instead ? "replaceState" : "pushState"](null, "", address);
    }
    this.#become({ ...this.values, ...changes });
  }

  #become(values) {
    const before = this.values;
    this.values = values;
    this.changed(values, before);
  }
}

/** A field that is one of some words. */
export function oneOf(words, preset = words[0]) {
  return { preset, read: (text) => (words.includes(text) ? text : undefined) };
}

export function wholeNumber(preset, least, most) {
  return {
    preset,
    read: (text) => (/^\d{1,9}$/.test(text) && text >= least && text <= most ? Number(text) : undefined),
  };
}

export function anyText() {
  return { preset: "", read: (text) => text };
}

/** Words of any letters, with commas between them. */
export function words() {
  return {
    preset: [],
    read: (text) => text.split(",").filter(Boolean).map(unescaped),
    write: (list) => list.map((word) => word.replace(/[%,]/g, encodeURIComponent)).join(","),
  };
}

function unescaped(text) {
  return text.replaceAll("%2C", ",").replaceAll("%25", "%");
}
