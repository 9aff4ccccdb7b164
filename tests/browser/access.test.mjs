// Everybody can use the pages: by keyboard, on any screen, in either theme; and no text of the database breaks them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { axe, tabTo } from "./look.mjs";
import { asking, clean, downloaded, open, settled, table } from "./page.mjs";
import { useBrowser } from "./use.mjs";

const PATHS = ["/admin/", "/admin/?daily=table&by=collection", "/usage/", "/usage/?form=line&thread=nowhere"];

describe("everybody can use the pages", () => {
  const own = useBrowser();

  for (const colorScheme of ["light", "dark"]) {
    for (const path of PATHS) {
      test(`nothing that axe knows of is in the way: ${path}, ${colorScheme}`, async () => {
        const page = await open(own, path, { colorScheme });
        assert.equal(await page.locator("html").getAttribute("data-theme"), colorScheme);
        await axe(page);
        await clean(page);
      });
    }
  }

  for (const width of [360, 768, 1920]) {
    test(`nothing lies outside of ${width} px`, async () => {
      for (const path of ["/admin/", "/usage/"]) {
        const page = await open(own, path, { viewport: { width, height: 800 } });
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path);
        await clean(page);
      }
    });
  }

  test("the keyboard alone: a period, a collection, an order, a series", async () => {
    const page = await open(own, "/admin/");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await tabTo(page, page.getByRole("button", { name: "7 days", exact: true }));
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid");
    await asking(page, "days=7", () => page.keyboard.press("Enter"));
    await tabTo(page, page.getByRole("combobox", { name: "Collection", exact: true }));
    await page.keyboard.type("biology");
    await page.getByRole("option", { name: "Biology 101" }).waitFor();
    await asking(page, "collection_id=", () => page.keyboard.press("Enter"));
    await page.keyboard.press("ArrowDown");
    await page.getByRole("option", { name: "All collections" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await asking(page, "days=7", () => page.keyboard.press("Enter"));
    const entry = page.locator(".legend-entry", { hasText: "Storage" });
    await tabTo(page, entry);
    await page.keyboard.press("Space");
    assert.equal(await entry.getAttribute("aria-pressed"), "false");
    assert.ok(await entry.evaluate((one) => one === document.activeElement));
    const header = page.locator("[data-table=kinds] th[data-key=job]");
    await tabTo(page, header.getByRole("button"), 90);
    await page.keyboard.press("Enter");
    assert.equal(await header.getAttribute("aria-sort"), "ascending");
    assert.ok(await header.getByRole("button").evaluate((one) => one === document.activeElement));
    await clean(page);
  });

  test("a theme that is chosen stays, whatever the system has", async () => {
    const page = await open(own, "/usage/", { colorScheme: "light" });
    await page.getByLabel("Theme").selectOption("dark");
    assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
    await page.reload();
    await settled(page);
    assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
    await page.emulateMedia({ media: "print" });
    assert.ok(await page.locator(".controls").isHidden());
    await clean(page);
  });

  test("a Norwegian reads Norwegian, others may choose it, and a German has German numbers", async () => {
    const page = await open(own, "/usage/", { locale: "nb-NO" });
    assert.equal(await page.locator("h1").textContent(), "Forbruk");
    assert.equal(await page.locator("html").getAttribute("lang"), "nb");
    await page.getByLabel("Språk").selectOption("en");
    await page.getByRole("heading", { name: "Usage" }).waitFor();
    const german = await open(own, "/usage/", { locale: "de-DE" });
    assert.equal(await german.locator("h1").textContent(), "Usage");
    assert.match(
      await german.locator("[data-figure=input_tokens] .value .unseen").textContent(),
      /^\d{1,3}(?:\.\d{3})+$/,
    );
    await settled(page);
    await clean(page);
    await clean(german);
  });

  test("texts of the database are shown as texts, and break nothing", async () => {
    const nasty = [
      '<img src=x onerror="document.title=1">',
      "\u202eevil\u202c",
      "x".repeat(10_000),
      "=1+1",
      "@SUM(1)",
      '"quoted", and\nbroken',
    ];
    for (const [at, title] of nasty.entries()) {
      const id = `11111111-1111-4111-8111-00000000000${at}`;
      await own.site.sql("insert into nodes (id, title) values (%s, %s)", id, title);
      await own.site.sql(
        `insert into resource_usage_log (resource_type, collection_id, detail)
        select type, %s, jsonb_build_object('tokens_in', 10000000, 'job_type', %s::text, 'model_level', %s::text) from (values ('ai'), (%s::text)) types (type)`,
        id,
        title,
        title,
        title,
      );
    }
    const page = await open(own, "/admin/?days=1&collections_size=100&kinds_size=100");
    await page.getByText(nasty[0]).first().waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.equal(await page.title(), "Overview · Tally");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    assert.ok((await table(page, "collections")).rows.some(([name]) => name === "=1+1"));
    const { rows } = await downloaded(page, () => page.getByLabel("CSV: Collections").click());
    const names = rows.map(([name]) => name);
    for (const title of ["'=1+1", "'@SUM(1)", '"quoted", and\nbroken', "x".repeat(10_000)]) {
      assert.ok(names.includes(title), title.slice(0, 40));
    }
    await axe(page);
    await clean(page);
  });
});
