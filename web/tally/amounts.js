// Counts and sums without rounding: JavaScript's numbers are exact for integers below 2^53 only, and add fractions
// with an error.

// No text of PostgreSQL's can hold this character, so no title passes for a number.
const MARK = "\u0000";
// With what stands before an integer: the digits behind a point are none.
const LONG_INTEGER = /[^\d.eE+-](?:-?\d{16,})(?![\d.eE])/;
const QUOTE_OR_LONG_INTEGER = /"|([^\d.eE+-])(-?\d{16,})(?![\d.eE])/g;

/** Behind the quote that ends a string; a pattern for all of a string would fail on one that is very long. */
function endOfString(text, start) {
  for (let at = text.indexOf('"', start); ; at = text.indexOf('"', at + 1)) {
    let before = at;
    while (text[before - 1] === "\\") {
      before -= 1;
    }
    if (at < 0 || (at - before) % 2 === 0) {
      return at < 0 ? text.length : at + 1;
    }
  }
}

/** The same JSON with a string in the place of each long integer. */
function markLongIntegers(text) {
  const pieces = [];
  let done = 0;
  QUOTE_OR_LONG_INTEGER.lastIndex = 0;
  for (let found; (found = QUOTE_OR_LONG_INTEGER.exec(text)) !== null; ) {
    const [whole, before, integer] = found;
    if (integer === undefined) {
      QUOTE_OR_LONG_INTEGER.lastIndex = endOfString(text, found.index + 1);
    } else {
      pieces.push(text.slice(done, found.index), `${before}"\\u0000${integer}"`);
      done = found.index + whole.length;
    }
  }
  return pieces.join("") + text.slice(done);
}

/** Parses JSON; integers beyond 2^53 become BigInt. */
export function parseJson(text) {
  if (!LONG_INTEGER.test(text)) {
    return JSON.parse(text);
  }
  return JSON.parse(markLongIntegers(text), (key, value) =>
    typeof value === "string" && value.startsWith(MARK) ? asInteger(BigInt(value.slice(1))) : value,
  );
}

function asInteger(big) {
  const number = Number(big);
  return Number.isSafeInteger(number) ? number : big;
}

/** The decimal that a number is written as: its digits, and how many of them are behind the point. */
function digitsOf(number) {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(number));
  const behind = fraction.length - Number(exponent);
  const digits = BigInt(sign + whole + fraction);
  return behind >= 0 ? [digits, behind] : [digits * 10n ** BigInt(-behind), 0];
}

/** Adds numbers up exactly. */
export class Sum {
  constructor() {
    this.small = 0;
    this.large = 0n;
    this.behind = 0;
  }

  add(value) {
    const small = this.small + Number(value);
    if (Number.isSafeInteger(value) && Number.isSafeInteger(small)) {
      this.small = small;
      return this;
    }
    const [digits, behind] = digitsOf(value);
    const scale = Math.max(behind, this.behind);
    this.large = this.large * 10n ** BigInt(scale - this.behind) + digits * 10n ** BigInt(scale - behind);
    this.behind = scale;
    return this;
  }

  /** A number: an integer as it is, a fraction as the nearest there is. */
  get value() {
    if (this.large === 0n) {
      return this.small;
    }
    const unit = 10n ** BigInt(this.behind);
    const all = this.large + BigInt(this.small) * unit;
    return all % unit === 0n ? asInteger(all / unit) : Number(`${all}e-${this.behind}`);
  }
}

export function addUp(values) {
  const sum = new Sum();
  for (const value of values) {
    sum.add(value);
  }
  return sum.value;
}

/** For sorting: numbers of either kind. */
export function compareNumbers(a, b) {
  return a < b ? -1 : Number(a > b);
}
