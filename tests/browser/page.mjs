// The pages as the tests use them: opened, waited for, and read.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { assertClean } from "./watch.mjs";

// What Chromium itself writes of a reply that a test wanted to fail.
export const REFUSED = /Failed to load resource|net::ERR_INTERNET_DISCONNECTED/;
// The page gives up a question that it has no more use for.
const GIVEN_UP = /^failed request: GET \S+: net::ERR_ABORTED$/;

/** Finds that nothing went wrong without being seen. */
export function clean(page, ...allowed) {
  return assertClean(page, { allowed: [GIVEN_UP, ...allowed] });
}

/** Waits until the numbers are there, or a fault is. */
export async function settled(page, state = "ready") {
  await page.locator(`main[data-state=${state}]`).waitFor();
  return page;
}

/** Waits for what the overview asks for once its numbers are there: the cost, and the period before. */
export async function compared(page) {
  await page.locator(".card.type-cost .change > *").first().waitFor();
  await page.locator('.card[data-type=""] .change > *').first().waitFor();
}

/** Keeps what the page itself is told, so that the test sees the same. */
function keepReplies() {
  globalThis.replies = [];
  const ask = globalThis.fetch;
  globalThis.fetch = async (...question) => {
    const response = await ask(...question);
    globalThis.replies.push([
      response.url,
      response
        .clone()
        .text()
        .catch(() => null),
    ]);
    return response;
  };
}

/** Opens a page of the site of `own` and waits for it. */
export async function open(own, path, { user = "admin", state = "ready", ...surroundings } = {}) {
  const page = await own.browser.open(own.site, user, undefined, surroundings);
  await page.addInitScript(keepReplies);
  await page.goto(path);
  return settled(page, state);
}

/** The first reply of a route to the page since it was loaded. */
export async function replyOf(page, route) {
  return JSON.parse(await page.evaluate((part) => globalThis.replies.find(([url]) => url.includes(part))[1], route));
}

/** The overview, and the reply that it shows. */
export async function openOverview(own, query = "") {
  const page = await open(own, `/admin/${query}`);
  return { page, data: await replyOf(page, "/admin/usage?") };
}

/** Does what makes the page ask, and waits until it shows the answer. */
export async function asking(page, route, action, state = "ready") {
  await Promise.all([page.waitForResponse((one) => one.url().includes(route)), action()]);
  await settled(page, state);
}

/** The number in a text: "1,234 events" is 1234. */
export function number(text) {
  return Number(/-?\d[\d,]*(?:\.\d+)?/.exec(text)[0].replaceAll(",", ""));
}

export function sum(list, key) {
  return list.reduce((total, row) => total + row[key], 0);
}

export function ofType(list, type) {
  return list.filter((row) => row.resource_type === type);
}

/** A figure of a card, with every digit. */
export async function figure(page, card) {
  return number(await page.locator(`${card} .value .unseen`).textContent());
}

/** A table: what is seen, and what is told to who points at it. */
export function table(page, name) {
  return page.locator(`[data-table=${name}] table`).evaluate(({ tHead, tBodies: [body], tFoot }) => {
    const seen = (cell) => {
      const copy = cell.cloneNode(true);
      copy.querySelectorAll(".unseen").forEach((part) => part.remove());
      return copy.textContent.trim();
    };
    const texts = (rows) => [...rows].map((row) => [...row.cells].map(seen));
    const titles = (rows) => [...rows].map((row) => [...row.cells].map((cell) => cell.title || seen(cell)));
    return {
      head: texts(tHead.rows)[0],
      rows: texts(body.rows),
      exact: titles(body.rows),
      sums: texts(tFoot.rows),
      exactSums: titles(tFoot.rows),
    };
  });
}

export function counter(page, name) {
  return page.locator(`[data-table=${name}] .counter`).textContent();
}

/** A file that the page hands over: its name, and its rows as RFC 4180 has them. */
export async function downloaded(page, action) {
  const [download] = await Promise.all([page.waitForEvent("download"), action()]);
  const text = await readFile(await download.path(), "utf8");
  assert.ok(text.startsWith("\ufeff") && text.endsWith("\r\n"));
  const rows = [[]];
  for (const [, quoted, bare, end] of text.slice(1).matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1).push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === "\r\n") {
      rows.push([]);
    }
  }
  rows.pop();
  return { name: download.suggestedFilename(), head: rows[0], rows: rows.slice(1) };
}
