// The overview: it shows what the route says.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  asking,
  clean,
  compared,
  counter,
  figure,
  number,
  ofType,
  openOverview,
  replyOf,
  sum,
  table,
} from "./page.mjs";
import { useBrowser } from "./use.mjs";

const USAGE = "/admin/usage?";

describe("the overview", () => {
  const own = useBrowser();

  const opened = (query) => openOverview(own, query);

  test("cards are the sums of the reply", async () => {
    const { page, data } = await opened();
    assert.equal(await figure(page, '.card[data-type=""]'), sum(data.by_collection, "event_count"));
    for (const type of ["ai", "whisper", "tts", "cas", "bandwidth", "livekit"]) {
      const shown = await figure(page, `.card[data-type=${type}]`);
      assert.ok(Math.abs(shown - sum(ofType(data.by_collection, type), "total_value")) < 1e-6, type);
    }
    assert.equal(
      await figure(page, ".card[data-type=search]"),
      sum(ofType(data.by_collection, "search"), "event_count"),
    );
    await clean(page);
  });

  test("the table of collections is the reply, and its total is the cards", async () => {
    const { page, data } = await opened("?collections_size=100");
    const { head, rows, exact, exactSums } = await table(page, "collections");
    const events = head.indexOf("Events");
    const names = new Map(
      data.by_collection.map((row) => [
        row.collection_id,
        row.collection_id === null ? "No collection" : (row.collection_title ?? row.collection_id),
      ]),
    );
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
    assert.equal(
      exact.reduce((all, row) => all + number(row[events]), 0) + number(others[events]),
      number(total[events]),
    );
    await clean(page);
  });

  test("days without events are zero", async () => {
    await own.site.sql(
      "insert into resource_usage_log (created_at, resource_type, detail) values (now() - interval '200 days', 'rare', '{}')",
    );
    const [{ day }] = await own.site.sql(
      "select to_char(now() at time zone 'UTC' - interval '200 days', 'Mon FMDD, YYYY') as day",
    );
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
    assert.deepEqual(
      shown.slice(2).map(number),
      measures.map((measure) => sum(chat, measure)),
    );
    assert.deepEqual(
      exactSums.at(-1).slice(2).map(number),
      measures.map((measure) => sum(data.ai_drilldown, measure)),
    );
    await page.getByRole("button", { name: "Each collection" }).click();
    assert.ok((await counter(page, "kinds")).endsWith(`of ${data.ai_drilldown.length}`));
    assert.match(page.url(), /by=collection/);
    await page.locator(".segments [data-value=tokens_out]").click();
    const out = await page.evaluate(() =>
      globalThis.Chart.getChart(document.querySelector(".kinds canvas")).data.datasets.flatMap(
        ({ data: bars }) => bars,
      ),
    );
    assert.equal(
      out.reduce((all, one) => all + one, 0),
      sum(data.ai_drilldown, "tokens_out"),
    );
    await clean(page);
  });

  test("changes are against the period before", async () => {
    const { page, data } = await opened("?days=7");
    const change = page.locator(".card[data-type=ai] .change");
    await change.locator("svg").waitFor();
    const both = await (await own.site.fetch("/admin/usage?days=14", "admin")).json();
    const before =
      sum(ofType(both.by_collection, "ai"), "total_value") - sum(ofType(data.by_collection, "ai"), "total_value");
    const title = await change.getAttribute("title");
    assert.ok(Math.abs(number(title) / before - 1) < 0.01, `${title}, ${before}`);
    await asking(page, `${USAGE}days=365`, () => page.getByRole("button", { name: "365 days" }).click());
    await change.filter({ hasText: "No comparison" }).waitFor();
    await clean(page);
  });

  test("each collection has its change, of events or of the chosen type", async () => {
    const { page, data } = await opened("?days=7&collections_size=100");
    const both = await (await own.site.fetch("/admin/usage?days=14", "admin")).json();
    for (const [label, type, key] of [
      ["Change, Events", null, "event_count"],
      ["Change, Data stored", "cas", "total_value"],
    ]) {
      if (type !== null) {
        await page.locator(`.card[data-type=${type}]`).click();
      }
      await page.locator('[data-table=collections] tbody td[title^="The period before"]').first().waitFor();
      const { head, exact } = await table(page, "collections");
      const at = head.indexOf(label);
      for (const { collection_id: id, collection_title: title } of data.by_collection.filter(
        (row) => row.collection_title !== null,
      )) {
        const of = (reply) =>
          sum(
            reply.by_collection.filter(
              (row) => row.collection_id === id && (type === null || row.resource_type === type),
            ),
            key,
          );
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
    const card = page.locator(".card.type-cost");
    await card.locator(".change svg").waitFor();
    const [now, before] = await Promise.all(["bucket=day", "bucket=none"].map((bucket) => replyOf(page, bucket)));
    assert.equal(now.filters_applied.since, before.filters_applied.until);
    assert.equal(await figure(page, ".card.type-cost"), now.totals.cost_usd);
    assert.equal(number(await card.locator(".change").getAttribute("title")), before.totals.cost_usd);
    await card.click();
    assert.match(page.url(), /show=:cost/);
    const values = await page.evaluate(() =>
      globalThis.Chart.getChart(document.querySelector(".daily canvas")).data.datasets.map(({ data }) => data),
    );
    assert.deepEqual(
      values.map((days) => days.filter((cost) => cost !== 0)),
      [now.buckets.map((row) => row.cost_usd)],
    );
    await page.getByRole("group", { name: "By day as" }).getByRole("button", { name: "Table" }).click();
    const { head, exactSums } = await table(page, "days");
    assert.ok(Math.abs(number(exactSums.at(-1)[head.indexOf("AI cost")]) - now.totals.cost_usd) < 1e-6);
    // The statistics know no collections.
    await asking(page, "collection_id=", () =>
      page.locator("[data-table=collections] [data-collection]").first().click(),
    );
    assert.equal(await card.count(), 0);
    await clean(page);
  });
});
