// Tables as files: RFC 4180, and nothing in them that a spreadsheet takes for a formula.

/** A spreadsheet calculates a cell that begins so, also in the wide forms of East Asia; it shows one behind an apostrophe. */
const FORMULA = /^[\s\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]|^[\t\r\n]/u;
const BEGINS_FORMULA = /^[=+\-@\uff1d\uff0b\uff0d\uff20|%]/;
/** What may part cells, with what may stand before a formula; a spreadsheet that parts at these heeds no quote before. */
const GAP = /[\s\p{Cc};"]+/gu;
const PARTING = /[;\t\r\n]/;

/** A value that is no formula, nor has one in it for who parts cells at a semicolon, a tab, or the end of a line. */
function defused(value) {
  const inner = value.replace(GAP, (gap, at) =>
    PARTING.test(gap) && BEGINS_FORMULA.test(value.charAt(at + gap.length)) ? `${gap}'` : gap,
  );
  return FORMULA.test(value) ? `'${inner}` : inner;
}

function cell(value) {
  if (value === null || value === undefined) {
    return "";
  }
  if (typeof value === "number" || typeof value === "bigint") {
    return String(value);
  }
  const text = defused(value);
  // A semicolon or a tab is what some spreadsheets part cells by.
  return /[",;\t\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows of texts and numbers; a byte order mark tells spreadsheets that it is UTF-8. */
function asCsv(rows) {
  return `\ufeff${rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;
}

/** Hands a file to the reader. */
export function download(name, rows) {
  const address = URL.createObjectURL(new Blob([asCsv(rows)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
