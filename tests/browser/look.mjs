// Ways to look at a page, and to work it as a person does.

import assert from "node:assert/strict";
import { axeSource } from "./packages.mjs";

function described({ id, impact, help, nodes }) {
  const places = nodes.map(
    ({ target, failureSummary }) => `    ${target.join(" ")}\n${failureSummary.replace(/^/gm, "      ")}`,
  );
  return [`  ${id} (${impact}): ${help}`, ...places].join("\n");
}

/** Asserts that axe finds nothing in the page as it is now; options are those of axe.run. */
export async function axe(page, options = {}) {
  // Playwright's way into the page stands beside its policy, which forbids scripts of others.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate((chosen) => window.axe.run(document, chosen), {
    resultTypes: ["violations"],
    ...options,
  });
  assert.equal(violations.length, 0, `axe in ${page.url()}:\n${violations.map(described).join("\n")}\n`);
}

/** The visible rows of a table, each an array of its cells' texts as they are seen. */
export function rows(table) {
  return table.evaluate((element) =>
    [...element.rows]
      .filter((row) => row.getClientRects().length > 0)
      .map((row) => [...row.cells].map((cell) => cell.innerText.trim())),
  );
}

/** Waits until an element that contains the text or matches the pattern is seen within the locator. */
export function shows(locator, text) {
  return locator.filter({ hasText: text }).first().waitFor({ state: "visible" });
}

/** Clicks on what has this role and exactly this name. */
export function click(page, role, name) {
  return page.getByRole(role, { name, exact: true }).click();
}

/** Presses Tab until the focus is on the element, as one does who has no mouse. */
export async function tabTo(page, locator, most = 60) {
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press("Tab");
    if (await locator.evaluate((element) => element === document.activeElement)) {
      return;
    }
  }
  assert.fail(`the focus did not get there by ${most} presses of Tab: ${locator}`);
}
