/**
 * Makes an element. Attributes whose name begins with "on" are listeners; true sets an attribute without a
 * value, false and null leave it out. Whatever comes from the database reaches the page as text through here, never
 * as markup.
 *
 * @param {string} name
 * @param {Object<string, *>} [attributes]
 * @param {...(Node|string|number|null|undefined)} children
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    setAttribute(made, key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function setAttribute(made, key, value) {
  if (key.startsWith("on")) {
    made.addEventListener(key.slice(2), value);
  } else if (value === true) {
    made.setAttribute(key, "");
  } else if (value !== false && value !== null && value !== undefined) {
    made.setAttribute(key, value);
  }
}

/** A drawing of the page's own: `path` is the d of an SVG path in a square of 24. */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

/** Text that only a screen reader has. */
export function unseen(text) {
  return element("span", { class: "unseen" }, text);
}

const [LONGEST, LONG] = [160, 16];

/** The first part of a text that may have any length. */
function shortened(text, longest = LONGEST) {
  return text.length > longest ? `${[...text.slice(0, 2 * longest)].slice(0, longest).join("")}…` : text;
}

/** A name of nothing but spaces is seen all the same. */
function visible(text) {
  return text.trim() === "" ? `“${text}”` : text;
}

/** Text from the database: kept apart from the direction of what surrounds it, whatever it says of its own. */
export function foreign(text) {
  // What has no room on the page is cut there.
  return element("bdi", { title: text.length > LONG ? shortened(text, 1000) : null }, visible(shortened(text)));
}

/** The same for a canvas, which has no such thing: without the characters that turn a direction around. */
export function plain(text) {
  return visible(shortened(text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd"), 60));
}

/** Makes these the children, and moves none that is in its place: what is moved loses the focus. */
export function arrange(parent, children) {
  let place = parent.firstElementChild;
  for (const child of children) {
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(child, place);
    }
  }
  while (place !== null) {
    const next = place.nextElementSibling;
    place.remove();
    place = next;
  }
}
