// The overview: it shows what the route says, and every control does what it is for.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asking, clean, compared, counter, downloaded, figure, number, ofType, open, replyOf, sum, table } from "./page.mjs";
import { useBrowser } from "./use.mjs";

const USAGE = "/admin/usage?";

describe("the overview", () => {
  const own = useBrowser();

  async function opened(query = "") {
    const page = await open(own, `/admin/${query}`);
    return { page, data: await replyOf(page, USAGE) };
  }

  test("cards are the sums of the reply", async () => {
    const { page, data } = await opened();
    assert.equal(await figure(page, '.card[data-type=""]'), sum(data.by_collection, "event_count"));
    for (const type of ["ai", "whisper", "tts", "cas", "bandwidth", "livekit"]) {
      const shown = await figure(page, `.card[data-type=${type}]`);
      assert.ok(Math.abs(shown - sum(ofType(data.by_collection, type), "total_value")) < 1e-6, type);
    }
    assert.equal(await figure(page, ".card[data-type=search]"), sum(ofType(data.by_collection, "search"), "event_count"));
    await clean(page);
  });

  test("the table of collections is the reply, and its total is the cards", async () => {
    const { page, data } = await opened("?collections_size=100");
    const { head, rows, exact, exactSums } = await table(page, "collections");
    const events = head.indexOf("Events");
    const names = new Map(data.by_collection.map((row) =>
      [row.collection_id, row.collection_id === null ? "No collection" : row.collection_title ?? row.collection_id]));
    assert.deepEqual(rows.map(([name]) => name).sort(), [...names.values()].sort());
    assert.ok(rows.some(([name]) => name === "No collection"));
    for (const [id, title] of names) {
      const given = data.by_collection.filter((row) => row.collection_id === id);
      const row = exact.find(([name]) => name === title);
      assert.equal(number(row[1]), sum(ofType(given, "ai"), "total_value"));
      assert.equal(number(row[2]), sum(ofType(given, "ai"), "secondary_value"));
      assert.equal(number(row[events]), sum(given, "event_count"));
    }
    const total = exactSums.at(-1);
    assert.equal(number(total[head.indexOf("AI input tokens")]), await figure(page, ".card[data-type=ai]"));
    assert.equal(number(total[head.indexOf("Data stored")]), await figure(page, ".card[data-type=cas]"));
    assert.equal(number(total[events]), await figure(page, '.card[data-type=""]'));
    await clean(page);
  });

  test("rows of other pages are told as one, so that all adds up", async () => {
    const { page } = await opened();
    const { head, exact, exactSums } = await table(page, "collections");
    const [others, total] = exactSums;
    const events = head.indexOf("Events");
    assert.match(others[0], /^\d+ others$/);
    assert.equal(exact.reduce((all, row) => all + number(row[events]), 0) + number(others[events]), number(total[events]));
    await clean(page);
  });

  test("days without events are zero", async () => {
    await own.site.sql("insert into resource_usage_log (created_at, resource_type, detail) values (now() - interval '200 days', 'rare', '{}')");
    const [{ day }] = await own.site.sql("select to_char(now() at time zone 'UTC' - interval '200 days', 'FMMonth FMDD, YYYY') as day");
    const { page, data } = await opened("?days=365&daily=table&days_size=100&days_sort=day");
    await compared(page);
    const first = await table(page, "days");
    const rare = first.head.indexOf("rare");
    assert.equal(first.rows.length, 100);
    assert.ok(first.rows.slice(0, 90).every((row) => row[1] === "0"));
    await page.getByLabel("Next: By day").click();
    const second = await table(page, "days");
    assert.equal(number(second.exact.find(([name]) => name.includes(day))[rare]), 1);
    assert.equal(number(second.exactSums.at(-1)[1]), sum(data.daily, "event_count"));
    await clean(page);
  });

  test("the drill-down is the reply, together and by collection", async () => {
    const { page, data } = await opened("?kinds_size=100");
    const { rows, exact, exactSums } = await table(page, "kinds");
    assert.equal(rows.length, new Set(data.ai_drilldown.map((row) => `${row.job_type} ${row.model_level}`)).size);
    const measures = ["tokens_in", "tokens_out", "event_count"];
    const chat = data.ai_drilldown.filter((row) => row.job_type === "chat" && row.model_level === "smart");
    const shown = exact.find(([job, level]) => job === "chat" && level === "Smart");
    assert.deepEqual(shown.slice(2).map(number), measures.map((measure) => sum(chat, measure)));
    assert.deepEqual(exactSums.at(-1).slice(2).map(number), measures.map((measure) => sum(data.ai_drilldown, measure)));
    await page.getByRole("button", { name: "Each collection" }).click();
    assert.ok((await counter(page, "kinds")).endsWith(`of ${data.ai_drilldown.length}`));
    assert.match(page.url(), /by=collection/);
    await page.locator(".segments [data-value=tokens_out]").click();
    const out = await page.evaluate(() => globalThis.Chart.getChart(document.querySelector(".kinds canvas")).data.datasets.flatMap(({ data: bars }) => bars));
    assert.equal(out.reduce((all, one) => all + one, 0), sum(data.ai_drilldown, "tokens_out"));
    await clean(page);
  });

  test("changes are against the period before", async () => {
    const { page, data } = await opened("?days=7");
    const change = page.locator(".card[data-type=ai] .change");
    await change.locator("svg").waitFor();
    const both = await (await own.site.fetch("/admin/usage?days=14", "admin")).json();
    const before = sum(ofType(both.by_collection, "ai"), "total_value") - sum(ofType(data.by_collection, "ai"), "total_value");
    const title = await change.getAttribute("title");
    assert.ok(Math.abs(number(title) / before - 1) < 0.01, `${title}, ${before}`);
    await asking(page, `${USAGE}days=365`, () => page.getByRole("button", { name: "365 days" }).click());
    await change.filter({ hasText: "No comparison" }).waitFor();
    await clean(page);
  });

  test("each collection has its change, of events or of the chosen type", async () => {
    const { page, data } = await opened("?days=7&collections_size=100");
    const both = await (await own.site.fetch("/admin/usage?days=14", "admin")).json();
    for (const [label, type, key] of [["Change, Events", null, "event_count"], ["Change, Data stored", "cas", "total_value"]]) {
      if (type !== null) {
        await page.locator(`.card[data-type=${type}]`).click();
      }
      await page.locator('[data-table=collections] tbody td[title^="The period before"]').first().waitFor();
      const { head, exact } = await table(page, "collections");
      const at = head.indexOf(label);
      for (const { collection_id: id, collection_title: title } of data.by_collection.filter((row) => row.collection_title !== null)) {
        const of = (reply) => sum(reply.by_collection.filter((row) => row.collection_id === id && (type === null || row.resource_type === type)), key);
        const before = of(both) - of(data);
        const told = exact.find(([name]) => name === title)[at];
        // Events leave the window between the questions.
        assert.ok(before === 0 || Math.abs(number(told) / before - 1) < 0.05, `${title}: ${told}, ${before}`);
      }
    }
    await page.locator('[data-table=collections] th[data-key="change"] button').click();
    assert.match(page.url(), /collections_sort=-change/);
    await clean(page);
  });

  test("the cost is that of the statistics for the same time, by day too", async () => {
    const { page } = await opened("?days=7");
    const card = page.locator('.card[data-type=":cost"]');
    await card.locator(".change svg").waitFor();
    const [now, before] = await Promise.all(["bucket=day", "bucket=none"].map((bucket) => replyOf(page, bucket)));
    assert.equal(now.filters_applied.since, before.filters_applied.until);
    assert.equal(await figure(page, '.card[data-type=":cost"]'), now.totals.cost_usd);
    assert.equal(number(await card.locator(".change").getAttribute("title")), before.totals.cost_usd);
    await card.click();
    assert.match(page.url(), /show=:cost/);
    const values = await page.evaluate(() => globalThis.Chart.getChart(document.querySelector(".daily canvas")).data.datasets.map(({ data }) => data));
    assert.deepEqual(values.map((days) => days.filter((cost) => cost !== 0)), [now.buckets.map((row) => row.cost_usd)]);
    await page.getByRole("group", { name: "By day as" }).getByRole("button", { name: "Table" }).click();
    const { head, exactSums } = await table(page, "days");
    assert.ok(Math.abs(number(exactSums.at(-1)[head.indexOf("AI cost")]) - now.totals.cost_usd) < 1e-6);
    // The statistics know no collections.
    await asking(page, "collection_id=", () => page.locator("[data-table=collections] [data-collection]").first().click());
    assert.equal(await card.count(), 0);
    await clean(page);
  });

  test("periods: the buttons, and a number of one's own", async () => {
    const { page } = await opened();
    for (const [name, days] of [["1 day", 1], ["7 days", 7], ["90 days", 90], ["365 days", 365]]) {
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
    for (const [order, compare] of [["descending", (a, b) => b - a], ["ascending", (a, b) => a - b]]) {
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
    assert.deepEqual(found.rows.map(([name]) => name), ["Biology 101"]);
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
    const shown = () => page.evaluate(() => globalThis.Chart.getChart(document.querySelector(".daily canvas")).data.datasets.map(({ label, data: bars }) => [label, bars]));
    const all = await shown();
    const entry = page.locator(".legend-entry", { hasText: "AI" });
    await entry.click();
    assert.deepEqual((await shown()).map(([label]) => label), all.map(([label]) => label).filter((label) => label !== "AI"));
    assert.match(page.url(), /hide=ai/);
    await entry.click();
    assert.deepEqual(await shown(), all);
    const card = page.locator(".card[data-type=cas]");
    await card.click();
    const [[label, bytes]] = await shown();
    assert.equal(label, "Data stored");
    assert.equal(bytes.reduce((total, one) => total + one, 0), sum(ofType(data.daily, "cas"), "total_value"));
    assert.equal(await page.locator("select[name=show]").inputValue(), "cas");
    await card.click();
    assert.deepEqual(await shown(), all);
    await clean(page);
  });

  test("days that are not whole are hatched, the others are not", async () => {
    const { page } = await opened();
    const hatched = await page.evaluate(() => globalThis.Chart.getChart(document.querySelector(".daily canvas")).getDatasetMeta(0).data
      .map((bar) => typeof bar.options.backgroundColor !== "string"));
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
      return (await one.locator("main").innerText()).replaceAll(/[×+-]?[\d.,]+[%KM]?\s*\(The period before.*|Updated at .*|The period before.*/g, "")
        .replaceAll(/[+-][\d.]+%|[+-]?\d+%|new|unchanged|>×\d+/g, "").replaceAll(/\s+/g, " ");
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
    const page = await open(own, "/admin/?days=99999&collection=x&show=%00&hide=%25%2C&kinds_page=1e9&collections_sort=__proto__&collections_size=7&days_filter=%ff&by=all&refresh=1");
    await clean(page);
  });

  test("each table is a file, with every digit", async () => {
    const { page, data } = await opened();
    const collections = await downloaded(page, () => page.getByLabel("CSV: Collections").click());
    assert.match(collections.name, /^tally-collections-30-days-to-\d{4}-\d\d-\d\d\.csv$/);
    assert.deepEqual(collections.head.slice(0, 5), ["Collection", "Collection id", "AI input tokens (count)", "AI output tokens", "Transcription (seconds)"]);
    assert.deepEqual(collections.rows.map(([, id]) => id || null).sort(), [...new Set(data.by_collection.map((row) => row.collection_id))].sort());
    assert.equal(collections.rows.length, new Set(data.by_collection.map((row) => row.collection_id)).size);
    assert.equal(collections.rows.reduce((all, row) => all + Number(row[2]), 0), sum(ofType(data.by_collection, "ai"), "total_value"));
    const kinds = await downloaded(page, () => page.getByLabel("CSV: AI by kind of job").click());
    assert.equal(kinds.rows.reduce((all, row) => all + Number(row[3]), 0), sum(data.ai_drilldown, "tokens_out"));
    assert.equal((await downloaded(page, () => page.getByLabel("CSV: By day").click())).rows.length, 31);
    await clean(page);
  });

  test("it is refreshed by hand and by itself, without a flicker", async () => {
    // Of a type of their own: events of the others leave the window at any moment.
    const add = (count) => own.site.sql("insert into resource_usage_log (resource_type, detail) select 'pulse', '{}' from generate_series(1, %s)", count);
    const card = (page) => page.locator(".card[data-type=pulse]");
    await add(2);
    const { page } = await opened("?days=1");
    assert.equal(await figure(page, ".card[data-type=pulse]"), 2);
    await add(3);
    await asking(page, USAGE, () => page.getByRole("button", { name: "Refresh", exact: true }).click());
    assert.equal(await figure(page, ".card[data-type=pulse]"), 5);
    await card(page).evaluate((one) => { one.dataset.kept = "yes"; });
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
    await own.site.sql("insert into nodes select md5('many ' || n)::uuid, 'Many ' || n from generate_series(1, 1000) n");
    await own.site.sql(`insert into resource_usage_log (resource_type, collection_id, detail)
      select 'ai', md5('many ' || (1 + n % 1000))::uuid,
        jsonb_build_object('tokens_in', n % 7, 'job_type', 'job-' || n / 1000 % 20, 'model_level', (array['fast', 'smart', 'deep'])[1 + n / 20000])
      from generate_series(0, 59999) n`);
    const page = await open(own, "/admin/?days=1");
    const wait = await page.evaluate(() => performance.now() - performance.getEntriesByType("resource").find(({ name }) => name.includes("/admin/usage?")).responseEnd);
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
