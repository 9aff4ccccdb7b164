// What each resource type is counted in, and how it is shown. Types that are not here are counted by their events.

import { plain } from "./element.js";
import { text } from "./texts.js";

const TYPES = {
  ai: {
    unit: "count",
    drawing:
      "M12 3l1.8 5.2L19 10l-5.2 1.8L12 17l-1.8-5.2L5 10l5.2-1.8zM18.5 15.5l.8 2.2 2.2.8-2.2.8-.8 2.2-.8-2.2-2.2-.8 2.2-.8z",
  },
  whisper: {
    unit: "seconds",
    drawing: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11a6 6 0 0 0 12 0M12 17v4M9 21h6",
  },
  tts: { unit: "count", drawing: "M4 9v6h4l5 4V5L8 9zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11" },
  cas: {
    unit: "bytes",
    drawing:
      "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
  },
  bandwidth: { unit: "bytes", drawing: "M7 20V5M3 9l4-4 4 4M17 4v15M13 15l4 4 4-4" },
  livekit: { unit: "minutes", drawing: "M3 7h11v10H3zM14 11l6-4v10l-6-4" },
};

const OTHER = { unit: null, drawing: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9" };

/** The order of cards, bars and columns: the known ones, then others as they are found. */
export function inOrder(types) {
  const known = Object.keys(TYPES).filter((type) => types.has(type));
  const others = [...types].filter((type) => !isKnown(type)).sort();
  others.forEach(classOf);
  return [...known, ...others];
}

export function isKnown(type) {
  return Object.hasOwn(TYPES, type);
}

/** Null: only its events count. */
export function unitOf(type) {
  return (isKnown(type) ? TYPES[type] : OTHER).unit;
}

export function drawingOf(type) {
  return (isKnown(type) ? TYPES[type] : OTHER).drawing;
}

/** Types that are not known have the colours that are left: each one that follows from its name, if that is free. */
const MORE_COLOURS = 5;
const met = new Map();
const taken = new Set();

function meet(type) {
  let colour = [...type].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 65521, 7) % MORE_COLOURS;
  while (taken.has(colour) && taken.size < MORE_COLOURS) {
    colour = (colour + 1) % MORE_COLOURS;
  }
  met.set(type, colour);
  taken.add(colour);
}

/** The class that gives a part of the page the colour of a type. */
export function classOf(type) {
  if (isKnown(type)) {
    return `type-${type}`;
  }
  if (!met.has(type)) {
    meet(type);
  }
  return `type-more-${met.get(type) + 1}`;
}

/** The type itself, whose events count. */
export function nameOf(type) {
  return isKnown(type) ? text(`type_${type}`) : plain(type);
}

/** What its amount is called. */
export function nameOfAmount(type) {
  return isKnown(type) ? text(`amount_${type}`) : plain(type);
}

/** With what its numbers count, for a file that has nothing but those. */
export function nameInFile(type) {
  return `${nameOfAmount(type)} (${text(`unit_${unitOf(type) ?? "events"}`)})`;
}
