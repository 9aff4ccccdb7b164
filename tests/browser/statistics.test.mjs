// The statistics: the six figures, by day, week or month, filtered by who may.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asking, clean, downloaded, figure, number, open, replyOf, sum, table } from "./page.mjs";
import { useBrowser } from "./use.mjs";

const STATS = "/v1/usage/stats?";
const FIGURES = ["messages", "input_tokens", "output_tokens", "cached_tokens", "total_tokens", "cost_usd"];

const filters = (page) =>
  page.locator(".filters input:visible").evaluateAll((inputs) => inputs.map(({ name }) => name));
const bars = (page) =>
  page.evaluate(() => {
    const { config, data } = globalThis.Chart.getChart(document.querySelector(".periods canvas"));
    return { type: config.type, values: data.datasets[0].data };
  });

describe("the statistics", () => {
  const own = useBrowser();

  test("figures, chart and table are those of the reply", async () => {
    const page = await open(own, "/usage/");
    const data = await replyOf(page, STATS);
    for (const name of FIGURES) {
      assert.equal(await figure(page, `[data-figure=${name}]`), data.totals[name], name);
      await page.locator(`[data-figure=${name}]`).click();
      const values = await (await bars(page)).values;
      assert.deepEqual(
        values.filter((value) => value !== 0),
        data.buckets.map((bucket) => bucket[name]).filter((value) => value !== 0),
        name,
      );
    }
    // The window begins at this time of the day, 30 days ago.
    assert.equal((await bars(page)).values.length, 31);
    const { exactSums } = await table(page, "buckets");
    assert.deepEqual(
      exactSums.at(-1).slice(1).map(number),
      FIGURES.map((name) => data.totals[name]),
    );
    const file = await downloaded(page, () => page.getByLabel("CSV: All figures").click());
    assert.match(file.name, /^tally-buckets-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.csv$/);
    assert.deepEqual(file.head, [
      "Day",
      "Complete",
      "Messages",
      "Input tokens",
      "Output tokens",
      "Cached tokens",
      "All tokens",
      "Cost (USD)",
    ]);
    assert.deepEqual(
      file.rows.map((row) => row[1]),
      ["no", ...Array(29).fill("yes"), "no"].reverse(),
    );
    assert.equal(file.rows.length, 31);
    assert.equal(
      file.rows.reduce((all, row) => all + Number(row[3]), 0),
      data.totals.input_tokens,
    );
    await clean(page);
  });

  test("windows, buckets, and the form of the chart", async () => {
    const page = await open(own, "/usage/");
    for (const [name, word] of [
      ["Today", "today"],
      ["7 days", "7d"],
      ["This month", "month"],
      ["Last month", "last"],
      ["12 months", "year"],
    ]) {
      await asking(page, STATS, () => page.getByRole("button", { name, exact: true }).click());
      assert.match(page.url(), new RegExp(`window=${word}`));
    }
    await asking(page, "bucket=week", () => page.getByRole("button", { name: "Week", exact: true }).click());
    const weeks = await table(page, "buckets");
    assert.match(weeks.rows[0][0], /^Week of Mon, /);
    await asking(page, "bucket=month", () => page.getByRole("button", { name: "Month", exact: true }).click());
    assert.equal((await bars(page)).values.length, 12);
    await page.getByRole("button", { name: "Line", exact: true }).click();
    assert.equal((await bars(page)).type, "line");
    await asking(page, "since=", () => page.getByRole("button", { name: "Custom", exact: true }).click());
    await asking(page, "since=2026-01-05T00%3A00%3A00Z", () => page.getByLabel("From").fill("2026-01-05"));
    await page.getByLabel("To", { exact: true }).fill("2026-01-01");
    assert.match(page.url(), /from=2026-01-05/);
    assert.doesNotMatch(page.url(), /to=2026-01-01/);
    await clean(page);
  });

  test("what an administrator filters by, and what a user does", async () => {
    const page = await open(own, "/usage/");
    await page.getByLabel("Channel (id)").waitFor();
    assert.deepEqual(await filters(page), ["agent", "thread", "user", "bot", "channel"]);
    const id = (
      await own.site.sql(
        "select user_id::text as id from resource_usage_log where resource_type = 'ai' and user_id is not null limit 1",
      )
    )[0].id;
    await page.getByLabel("User (id)").fill(id);
    await asking(page, `user_id=${id}`, () => page.keyboard.press("Enter"));
    const data = await replyOf(page, `user_id=${id}`);
    assert.equal(await figure(page, "[data-figure=messages]"), data.totals.messages);
    await page.getByLabel("Bot (id)").fill("nonsense");
    await page.keyboard.press("Enter");
    assert.doesNotMatch(page.url(), /bot=/);
    await asking(page, STATS, () => page.getByRole("button", { name: "Remove filters" }).click());
    assert.doesNotMatch(page.url(), /user=/);
    const other = await open(own, "/usage/", { user: "user" });
    await other.locator(".subtitle", { hasText: "your own messages" }).waitFor();
    assert.deepEqual(await filters(other), ["agent", "thread"]);
    assert.equal(await other.getByRole("link", { name: "Overview" }).count(), 0);
    await clean(page);
    await clean(other);
  });

  test("a cost that is not zero never looks like it", async () => {
    await own.site.sql(
      `insert into resource_usage_log (resource_type, thread_id, detail) values ('ai', 'cheap', '{"tokens_in": 1, "cost_usd": 0.0000012}')`,
    );
    const page = await open(own, "/usage/?thread=cheap");
    assert.equal(await page.locator("[data-figure=cost_usd] .value [title]").textContent(), "$0.0000012");
    assert.ok((await table(page, "buckets")).rows.some((row) => row.at(-1) === "$0.0000012"));
    await clean(page);
  });

  test("counts beyond 2^53 keep every digit", async () => {
    await own.site.sql(`insert into resource_usage_log (resource_type, thread_id, detail)
      select 'ai', 'vast', jsonb_build_object('tokens_in', count) from (values (900000000000000001), (1)) counts (count)`);
    const page = await open(own, "/usage/?thread=vast");
    assert.equal(
      await page.locator("[data-figure=input_tokens] .value .unseen").textContent(),
      "900,000,000,000,000,002",
    );
    await clean(page);
  });

  test("nothing that fits is an answer too", async () => {
    const page = await open(own, "/usage/?thread=nowhere");
    await page.getByRole("heading", { name: "Nothing was used" }).waitFor();
    assert.ok(await page.locator(".parts").isHidden());
    const empty = await open(own, "/admin/?collection=99999999-9999-4999-8999-999999999999");
    await empty.getByText("This collection has no event in this period.").waitFor();
    await clean(page);
    await clean(empty);
  });

  test("sums of the table are those of its rows", async () => {
    const page = await open(own, "/usage/?buckets_size=100");
    const { buckets } = await replyOf(page, STATS);
    assert.equal(number((await table(page, "buckets")).exactSums.at(-1)[1]), sum(buckets, "messages"));
    await clean(page);
  });
});

describe("the statistics of a single tenancy", () => {
  const own = useBrowser({ tenancy: "single" });

  test("who asks makes no difference, and is not filtered by", async () => {
    for (const user of ["admin", "stranger"]) {
      const page = await open(own, "/usage/", { user });
      await page.locator(".who", { hasText: "Signed in as" }).waitFor();
      assert.deepEqual(await filters(page), ["agent", "thread"]);
      await clean(page);
    }
  });
});
