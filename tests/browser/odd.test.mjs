// What is odd and all the same there: numbers, names, clocks, locales, and parts that fail.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asking, clean, compared, figure, open, REFUSED, replyOf, settled, table } from "./page.mjs";
import { useBrowser } from "./use.mjs";

const USAGE = "/admin/usage?";
const STATS = "/v1/usage/stats?";
const PROVOKED = /ERR_FAILED|of the test|SyntaxError|Unexpected token|^page error: $/;

describe("what is odd is shown all the same", () => {
  const own = useBrowser();

  test("numbers with very many digits behind the point", async () => {
    await own.site.sql(`insert into resource_usage_log (resource_type, thread_id, detail)
      values ('ai', 'float', '{"tokens_in": 1, "cost_usd": 0.5400000000000005}')`);
    const page = await open(own, "/usage/?thread=float");
    assert.equal(await page.locator("[data-figure=cost_usd] .value .unseen").textContent(), "$0.5400000000000005");
    await clean(page);
  });

  test("types that are called as something else is", async () => {
    const types = ["constructor", "__proto__", "toString", ":cost", "::", " "];
    await own.site.sql("insert into resource_usage_log (resource_type) select unnest(%s::text[])", types);
    const page = await open(own, "/admin/?days=1");
    await compared(page);
    for (const type of types) {
      const card = page.locator(`.card[data-type="${type}"]`);
      assert.equal(await card.locator(".value .unseen").textContent(), "1 event");
      await card.click();
      assert.equal(await card.getAttribute("aria-pressed"), "true");
      await page.reload();
      await settled(page);
      assert.equal(await page.locator('.card[aria-pressed="true"]').getAttribute("data-type"), type);
    }
    await clean(page);
  });

  test("what fails while it is drawn is a fault that is told, and not a page that waits", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.route("**/chart.min.js", (route) =>
      route.fulfill({
        body: "globalThis.Chart = class { static defaults = { font: {} }; constructor() { throw new Error('of the test'); } };",
      }),
    );
    await page.goto("/admin/?refresh=30");
    await page.locator(".fault[data-kind=page]").waitFor();
    assert.equal(await page.locator("main").getAttribute("data-state"), "failed");
    await clean(page, PROVOKED);
  });

  test("a module that cannot be read, and languages that are none", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.route("**/tally/once.js", (route) =>
      route.fulfill({ contentType: "text/javascript", body: "export const (" }),
    );
    await page.goto("/admin/");
    await page.getByRole("heading", { name: "did not arrive whole" }).waitFor();
    await clean(page, PROVOKED);
    for (const [languages, shown] of [
      [["en-US@posix", "C"], /^\d{1,3}(?:,\d{3})+$/],
      [["nn-NO"], /^\d{1,3}(?:\s\d{3})+$/],
    ]) {
      const other = await own.browser.open(own.site, "admin");
      await other.addInitScript((list) => Object.defineProperty(navigator, "languages", { value: list }), languages);
      await other.goto("/usage/");
      await settled(other);
      assert.match(await other.locator("[data-figure=input_tokens] .value .unseen").textContent(), shown);
      await clean(other);
    }
  });

  test("a clock that is a day off", async () => {
    for (const hours of [24, -30]) {
      const page = await own.browser.open(own.site, "admin");
      await page.clock.setFixedTime(Date.now() + hours * 3_600_000);
      for (const name of ["today", "7d"]) {
        await page.goto(`/usage/?window=${name}`);
        await settled(page);
      }
      const right = await (
        await own.site.fetch(
          `${STATS}bucket=none&since=${new Date(Date.now() - 7 * 86_400_000).toISOString()}`,
          "admin",
        )
      ).json();
      assert.ok(Math.abs((await figure(page, "[data-figure=messages]")) - right.totals.messages) <= 3);
      await clean(page);
    }
  });

  test("a cost that cannot be had is said, nothing else is passed off as it, and it comes by itself", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.clock.install();
    let isBroken = true;
    await page.route(`**${STATS}*`, (route) =>
      isBroken ? route.fulfill({ status: 503, headers: { "Retry-After": "7" }, body: "{}" }) : route.continue(),
    );
    await page.goto("/admin/?show=:cost&days=7");
    await settled(page);
    const card = page.locator(".card.type-cost");
    await card.locator(".detail", { hasText: "could not be loaded" }).waitFor();
    assert.equal(await card.getAttribute("aria-pressed"), "false");
    await page.getByRole("heading", { name: "Events by day" }).waitFor();
    isBroken = false;
    await asking(page, STATS, () => page.clock.runFor(8_000));
    await page.getByRole("heading", { name: "AI cost by day" }).waitFor();
    assert.equal(await card.getAttribute("aria-pressed"), "true");
    await clean(page, REFUSED);
  });

  test("what fails beside the numbers is not asked for where nobody looks, nor again where it took too long", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.clock.install();
    let [asked, status] = [0, 502];
    await page.route(`**${STATS}*`, (route) => {
      asked += 1;
      return route.fulfill({ status, body: "{}" });
    });
    const said = page.locator(".card.type-cost .detail", { hasText: "could not be loaded" });
    const look = (state) =>
      page.evaluate((value) => {
        Object.defineProperty(document, "visibilityState", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await page.goto("/admin/?days=7");
    await said.waitFor();
    await look("hidden");
    const before = asked;
    await page.clock.runFor(120_000);
    assert.equal(asked, before);
    status = 504;
    await Promise.all([page.waitForResponse((one) => one.status() === 504), look("visible")]);
    await said.waitFor();
    const after = asked;
    await page.clock.runFor(120_000);
    assert.equal(asked, after);
    await clean(page, REFUSED);
  });

  test("a chart that could not be drawn is drawn the next time, of the same numbers too", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.goto("/usage/?window=own&from=2026-01-01&to=2026-01-02");
    await settled(page);
    const drawn = await page.evaluate(async () => {
      const { Plot } = await import("/tally/plot.js");
      const { Chart } = globalThis;
      const plot = new Plot();
      document.querySelector("main").append(plot.root);
      const data = {
        labels: ["a"],
        titles: ["a"],
        format: String,
        partial: new Set(),
        cut: "",
        summary: "",
        series: [],
      };
      globalThis.Chart = class {
        static defaults = Chart.defaults;
        constructor() {
          throw new Error("of the test");
        }
      };
      try {
        plot.show(data);
      } catch {
        globalThis.Chart = Chart;
      }
      plot.show(data);
      return plot.chart !== null;
    });
    assert.ok(drawn);
    await clean(page);
  });

  test("windows that have not begun, and years without a period before", async () => {
    const page = await open(own, "/usage/?window=own&from=2099-03-01&to=2099-03-05");
    assert.match(await page.locator(".subtitle").textContent(), /no period before to compare with$/);
    const half = await open(own, "/admin/?days=365");
    await half.locator(".subtitle", { hasText: "no comparison" }).waitFor();
    assert.equal(await half.locator(".card .change svg").count(), 0);
    await clean(page);
    await clean(half);
  });

  test("a type of which there is nothing any more is shown to have ended", async () => {
    await own.site.sql(
      "insert into resource_usage_log (resource_type, created_at) select 'gone', now() - interval '36 hours' from generate_series(1, 5)",
    );
    const page = await open(own, "/admin/?days=1");
    await page.locator(".card[data-type=gone] .change", { hasText: "-100%" }).waitFor();
    assert.equal(await figure(page, ".card[data-type=gone]"), 0);
    await clean(page);
  });

  test("a new type takes the focus from no card, and a row of several of one collection keeps it", async () => {
    const page = await open(own, "/admin/?by=collection&days=7&kinds_filter=engineering");
    await compared(page);
    const card = page.locator(".card[data-type=ai]");
    await card.focus();
    await own.site.sql("insert into resource_usage_log (resource_type) values ('aaa-new')");
    const refresh = () =>
      asking(page, USAGE, () => page.evaluate(() => document.querySelector(".tools .round").click()));
    await refresh();
    await page.locator(".card[data-type=aaa-new]").waitFor();
    assert.ok(await card.evaluate((one) => one === document.activeElement));
    const row = page.locator("[data-table=kinds] tbody tr").nth(3);
    const [job, level] = [await row.locator("td").nth(0).textContent(), await row.locator("td").nth(1).textContent()];
    const id = await row.locator("[data-collection]").getAttribute("data-collection");
    await row.locator("[data-collection]").focus();
    await own.site.sql(
      "insert into resource_usage_log (resource_type, collection_id, detail) values ('ai', %s::uuid, jsonb_build_object('tokens_in', 1, 'job_type', %s::text, 'model_level', lower(%s::text)))",
      id,
      job,
      level,
    );
    await refresh();
    assert.equal(await page.evaluate(() => document.activeElement.closest("tr").rowIndex), 4);
    await clean(page);
  });

  test("the period before, by day, stands in the table too", async () => {
    const page = await open(own, "/usage/?window=7d&form=line&figure=messages");
    await page.locator(".periods .dashes").waitFor();
    const lines = await page.evaluate(() =>
      globalThis.Chart.getChart(document.querySelector(".periods canvas")).data.datasets.map(({ label, data }) => [
        label,
        data.length,
      ]),
    );
    assert.deepEqual(lines, [
      ["Messages", 8],
      ["Period before", 8],
    ]);
    const { head, exactSums } = await table(page, "buckets");
    const before = JSON.parse(
      await page.evaluate((route) => globalThis.replies.filter(([url]) => url.includes(route))[1][1], STATS),
    );
    assert.equal(
      Number(exactSums.at(-1)[head.indexOf("Period before, Messages")].replaceAll(",", "")),
      before.totals.messages,
    );
    for (const query of ["window=7d&form=line&bucket=week", "window=today&form=line", "window=7d"]) {
      await page.goto(`/usage/?${query}`);
      await settled(page);
      await page.locator("[data-figure=messages] .change > *").first().waitFor();
      assert.ok(await page.locator(".periods .dashes").isHidden(), query);
    }
    assert.ok((await replyOf(page, STATS)).totals.messages > 0);
    await clean(page);
  });
});
