// The overview's controls: each does what it is for.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  asking,
  clean,
  compared,
  counter,
  downloaded,
  figure,
  number,
  ofType,
  open,
  openOverview,
  replyOf,
  sum,
  table,
} from "./page.mjs";
import { useBrowser } from "./use.mjs";

const USAGE = "/admin/usage?";

describe("the controls of the overview", () => {
  const own = useBrowser();

  const opened = (query) => openOverview(own, query);

  test("periods: the buttons, and a number of one's own", async () => {
    const { page } = await opened();
    for (const [name, days] of [
      ["1 day", 1],
      ["7 days", 7],
      ["90 days", 90],
      ["365 days", 365],
    ]) {
      const button = page.getByRole("button", { name, exact: true });
      await asking(page, `${USAGE}days=${days}`, () => button.click());
      assert.equal(await button.getAttribute("aria-pressed"), "true");
      assert.match(page.url(), new RegExp(`days=${days}`));
    }
    const input = page.getByLabel("Number of days");
    await input.fill("12");
    await asking(page, `${USAGE}days=12`, () => input.press("Enter"));
    assert.match(await page.locator(".subtitle").textContent(), /^Last 12 days/);
    await input.fill("400");
    await input.press("Enter");
    assert.match(page.url(), /days=12/);
    await clean(page);
  });

  test("a collection is chosen by a click, by typing, and left again", async () => {
    const { page } = await opened();
    const entry = page.locator("[data-table=collections] [data-collection]").first();
    const [id, title] = [await entry.getAttribute("data-collection"), await entry.textContent()];
    await asking(page, `collection_id=${id}`, () => entry.click());
    const one = await replyOf(page, `days=30&collection_id=${id}`);
    assert.ok((await page.locator(".subtitle").textContent()).includes(`· ${title} ·`));
    assert.equal((await table(page, "collections")).rows.length, 1);
    assert.equal(await figure(page, ".card[data-type=ai]"), sum(ofType(one.by_collection, "ai"), "total_value"));
    const picker = page.getByRole("combobox", { name: "Collection", exact: true });
    assert.equal(await picker.inputValue(), title);
    await asking(page, `${USAGE}days=30`, () => page.getByRole("button", { name: "All collections" }).click());
    await picker.fill("seminar");
    await page.getByRole("option", { name: "History seminar" }).waitFor();
    await asking(page, "collection_id=", () => picker.press("Enter"));
    assert.ok((await page.locator(".subtitle").textContent()).includes("· History seminar ·"));
    await picker.click();
    await asking(page, `${USAGE}days=30`, () => page.getByRole("option", { name: "All collections" }).click());
    assert.doesNotMatch(page.url(), /collection=/);
    await asking(page, "collection_id=", () => page.goBack());
    assert.ok((await page.locator(".subtitle").textContent()).includes("· History seminar ·"));
    await clean(page);
  });

  test("columns sort both ways; texts are found; pages are turned", async () => {
    const { page } = await opened();
    const header = page.locator('[data-table=collections] th[data-key="type:whisper"]');
    for (const [order, compare] of [
      ["descending", (a, b) => b - a],
      ["ascending", (a, b) => a - b],
    ]) {
      await header.getByRole("button").click();
      assert.equal(await header.getAttribute("aria-sort"), order);
      const column = (await table(page, "collections")).exact.map((row) => number(row[3]));
      assert.deepEqual(column, [...column].sort(compare));
    }
    const before = await table(page, "collections");
    await page.getByLabel("Next: Collections").click();
    const second = await table(page, "collections");
    assert.notDeepEqual(second.rows[0], before.rows[0]);
    assert.deepEqual(second.exactSums.at(-1), before.exactSums.at(-1));
    assert.match(page.url(), /collections_page=2/);
    const filter = page.getByLabel("Filter: Collections");
    await filter.fill("BIOLOGY");
    const found = await table(page, "collections");
    assert.deepEqual(
      found.rows.map(([name]) => name),
      ["Biology 101"],
    );
    assert.equal(found.sums[0][0], "1 found");
    assert.deepEqual(found.exactSums.at(-1), before.exactSums.at(-1));
    await filter.fill("no such thing");
    assert.deepEqual((await table(page, "collections")).rows, [["Nothing found"]]);
    await filter.fill("");
    await page.getByLabel("Rows on a page: Collections").selectOption("25");
    assert.ok((await table(page, "collections")).rows.length > 10);
    await clean(page);
  });

  test("the legend switches types, and a card shows one by its amount", async () => {
    const { page, data } = await opened();
    const shown = () =>
      page.evaluate(() =>
        globalThis.Chart.getChart(document.querySelector(".daily canvas")).data.datasets.map(
          ({ label, data: bars }) => [label, bars],
        ),
      );
    const all = await shown();
    const entry = page.locator(".legend-entry", { hasText: "AI" });
    await entry.click();
    assert.deepEqual(
      (await shown()).map(([label]) => label),
      all.map(([label]) => label).filter((label) => label !== "AI"),
    );
    assert.match(page.url(), /hide=ai/);
    await entry.click();
    assert.deepEqual(await shown(), all);
    const card = page.locator(".card[data-type=cas]");
    await card.click();
    const [[label, bytes]] = await shown();
    assert.equal(label, "Data stored");
    assert.equal(
      bytes.reduce((total, one) => total + one, 0),
      sum(ofType(data.daily, "cas"), "total_value"),
    );
    assert.equal(await page.locator("select[name=show]").inputValue(), "cas");
    await card.click();
    assert.deepEqual(await shown(), all);
    await clean(page);
  });

  test("days that are not whole are hatched, the others are not", async () => {
    const { page } = await opened();
    const hatched = await page.evaluate(() =>
      globalThis.Chart.getChart(document.querySelector(".daily canvas"))
        .getDatasetMeta(0)
        .data.map((bar) => typeof bar.options.backgroundColor !== "string"),
    );
    assert.deepEqual([hatched[0], hatched.at(-1), hatched.slice(1, -1).some(Boolean)], [true, true, false]);
    await clean(page);
  });

  test("what is chosen stands in the address, and comes back from it", async () => {
    const { page } = await opened();
    await asking(page, `${USAGE}days=7`, () => page.getByRole("button", { name: "7 days", exact: true }).click());
    await page.locator(".card[data-type=tts]").click();
    await page.locator("[data-table=collections] th[data-key=title] button").click();
    await page.getByLabel("Filter: AI by kind of job").fill("chat");
    await page.locator(".segments [data-value=tokens_out]").click();
    const other = await open(own, page.url());
    // But for what comes after the numbers, and for when they came.
    const lasting = async (one) => {
      await compared(one);
      return (await one.locator("main").innerText())
        .replaceAll(/[×+-]?[\d.,]+[%KM]?\s*\(The period before.*|Updated at .*|The period before.*/g, "")
        .replaceAll(/[+-][\d.]+%|[+-]?\d+%|new|unchanged|>×\d+/g, "")
        .replaceAll(/\s+/g, " ");
    };
    assert.equal(await lasting(other), await lasting(page));
    await page.goBack();
    assert.doesNotMatch(page.url(), /measure/);
    assert.equal(await page.locator(".segments [data-value=tokens_in]").getAttribute("aria-pressed"), "true");
    await page.goBack();
    await page.goBack();
    await asking(page, `${USAGE}days=30`, () => page.goBack());
    assert.equal(await page.getByRole("button", { name: "30 days" }).getAttribute("aria-pressed"), "true");
    await clean(page);
  });

  test("an address with nonsense in it shows the page all the same", async () => {
    const page = await open(
      own,
      "/admin/?days=99999&collection=x&show=%00&hide=%25%2C&kinds_page=1e9&collections_sort=__proto__&collections_size=7&days_filter=%ff&by=all&refresh=1",
    );
    await clean(page);
  });

  test("each table is a file, with every digit", async () => {
    const { page, data } = await opened();
    const collections = await downloaded(page, () => page.getByLabel("CSV: Collections").click());
    assert.match(collections.name, /^tally-collections-30-days-to-\d{4}-\d\d-\d\d\.csv$/);
    assert.deepEqual(collections.head.slice(0, 5), [
      "Collection",
      "Collection id",
      "AI input tokens (count)",
      "AI output tokens",
      "Transcription (seconds)",
    ]);
    assert.deepEqual(
      collections.rows.map(([, id]) => id || null).sort(),
      [...new Set(data.by_collection.map((row) => row.collection_id))].sort(),
    );
    assert.equal(collections.rows.length, new Set(data.by_collection.map((row) => row.collection_id)).size);
    assert.equal(
      collections.rows.reduce((all, row) => all + Number(row[2]), 0),
      sum(ofType(data.by_collection, "ai"), "total_value"),
    );
    const kinds = await downloaded(page, () => page.getByLabel("CSV: AI by kind of job").click());
    assert.equal(
      kinds.rows.reduce((all, row) => all + Number(row[3]), 0),
      sum(data.ai_drilldown, "tokens_out"),
    );
    assert.equal((await downloaded(page, () => page.getByLabel("CSV: By day").click())).rows.length, 31);
    await clean(page);
  });

  test("it is refreshed by hand and by itself, without a flicker", async () => {
    // Of a type of their own: events of the others leave the window at any moment.
    const add = (count) =>
      own.site.sql(
        "insert into resource_usage_log (resource_type, detail) select 'pulse', '{}' from generate_series(1, %s)",
        count,
      );
    const card = (page) => page.locator(".card[data-type=pulse]");
    await add(2);
    const { page } = await opened("?days=1");
    assert.equal(await figure(page, ".card[data-type=pulse]"), 2);
    await add(3);
    await asking(page, USAGE, () => page.getByRole("button", { name: "Refresh", exact: true }).click());
    assert.equal(await figure(page, ".card[data-type=pulse]"), 5);
    await card(page).evaluate((one) => {
      one.dataset.kept = "yes";
    });
    await page.clock.install();
    await page.getByLabel("Automatic refresh").selectOption("30");
    assert.match(page.url(), /refresh=30/);
    await add(1);
    await asking(page, USAGE, () => page.clock.runFor(31_000));
    await card(page).locator(".value .unseen", { hasText: "6 events" }).waitFor();
    assert.equal(await card(page).getAttribute("data-kept"), "yes");
    await clean(page);
  });

  test("a thousand collections and sixty thousand rows", async (t) => {
    await own.site.sql(
      "insert into nodes select md5('many ' || n)::uuid, 'Many ' || n from generate_series(1, 1000) n",
    );
    await own.site.sql(`insert into resource_usage_log (resource_type, collection_id, detail)
      select 'ai', md5('many ' || (1 + n % 1000))::uuid,
        jsonb_build_object('tokens_in', n % 7, 'job_type', 'job-' || n / 1000 % 20, 'model_level', (array['fast', 'smart', 'deep'])[1 + n / 20000])
      from generate_series(0, 59999) n`);
    const page = await open(own, "/admin/?days=1");
    const wait = await page.evaluate(
      () =>
        performance.now() -
        performance.getEntriesByType("resource").find(({ name }) => name.includes("/admin/usage?")).responseEnd,
    );
    t.diagnostic(`settled ${Math.round(wait)} ms after the reply`);
    await page.getByRole("button", { name: "Each collection" }).click();
    assert.match(await counter(page, "kinds"), /of 6\d,\d{3}$/);
    assert.equal((await table(page, "kinds")).rows.length, 10);
    await page.locator("[data-table=kinds] th[data-key=title] button").click();
    await page.getByLabel("Filter: AI by kind of job").fill("many 777");
    assert.match(await counter(page, "kinds"), /of 60$/);
    await page.getByRole("combobox", { name: "Collection", exact: true }).fill("many 99");
    const options = page.getByRole("listbox").getByRole("option");
    await options.nth(10).waitFor();
    assert.equal(await options.count(), 11);
    await clean(page);
  });
});
