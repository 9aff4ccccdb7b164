// The pages in the hand: what has the focus keeps it, what is typed stays, and nothing is in the way.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { axe } from "./look.mjs";
import {
  asking,
  clean,
  compared,
  counter,
  downloaded,
  figure,
  open,
  REFUSED,
  replyOf,
  settled,
  table,
} from "./page.mjs";
import { useBrowser } from "./use.mjs";

const USAGE = "/admin/usage?";
const STATS = "/v1/usage/stats";

function refresh(page) {
  return asking(page, USAGE, () => page.evaluate(() => document.querySelector(".tools .round").click()));
}

function isFocused(locator) {
  return locator.evaluate((one) => one === document.activeElement);
}

function tooltip(page, panel) {
  return page.evaluate((name) => {
    const { title, body, footer } = globalThis.Chart.getChart(document.querySelector(`.${name} canvas`)).tooltip;
    return [...title, ...body.flatMap(({ lines }) => lines), ...footer].map((line) => line.trim());
  }, panel);
}

/** Points at a place of the chart, from 0 on the left to 1 on the right. */
async function point(page, panel, share) {
  const box = await page.locator(`.${panel} canvas`).boundingBox();
  await page.mouse.move(box.x + box.width * share, box.y + box.height / 2);
  await page.waitForFunction(
    (name) => globalThis.Chart.getChart(document.querySelector(`.${name} canvas`)).tooltip.opacity > 0,
    panel,
  );
}

describe("the pages in the hand", () => {
  const own = useBrowser();

  test("a day is told by its own name and sum, one without events too", async () => {
    const page = await open(own, "/admin/?days=365");
    await point(page, "daily", 0.97);
    const [, ...full] = await tooltip(page, "daily");
    assert.ok(full.some((line) => line.startsWith("AI: ")) && full.at(-1).startsWith("Total: "), full);
    await point(page, "daily", 0.3);
    const [day, ...nothing] = await tooltip(page, "daily");
    const ago = (Date.now() - Date.parse(day)) / 86_400_000;
    assert.ok(ago > 220 && ago < 290, day);
    assert.deepEqual(nothing, ["Total: 0"]);
    await clean(page);
  });

  test("a page that is no more there is the last one that is", async () => {
    const page = await open(own, "/admin/?days=90&daily=table&days_page=10");
    await asking(page, "days=30", () => page.getByRole("button", { name: "30 days" }).click());
    assert.equal(await counter(page, "days"), "31 to 31 of 31");
    await page.getByLabel("Previous: By day").click();
    assert.equal(await counter(page, "days"), "21 to 30 of 31");
    await clean(page);
  });

  test("the focus stays through a refresh, at the end of the pages, and with what is emptied", async () => {
    const page = await open(own, "/admin/?collections_sort=title");
    const entry = page.locator("[data-table=collections] [data-collection]").nth(2);
    const id = await entry.getAttribute("data-collection");
    await entry.focus();
    await own.site.sql(
      "insert into resource_usage_log (resource_type, collection_id, detail) values ('ai', %s::uuid, '{\"tokens_in\": 777777}')",
      id,
    );
    await refresh(page);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.collection), id);
    const on = page.getByLabel("Next: Collections");
    await on.focus();
    while (await on.isEnabled()) {
      await page.keyboard.press("Enter");
    }
    assert.ok(await isFocused(page.getByLabel("Previous: Collections")));
    await asking(page, "collection_id=", () =>
      page.locator("[data-table=collections] [data-collection]").first().click(),
    );
    await asking(page, USAGE, () => page.getByRole("button", { name: "All collections" }).click());
    assert.ok(await isFocused(page.getByRole("combobox", { name: "Collection", exact: true })));
    await clean(page);
  });

  test("what is marked in a row that has not changed stays marked", async () => {
    const page = await open(own, "/admin/?daily=table&days_sort=day");
    await compared(page);
    const cell = page.locator("[data-table=days] tbody tr").nth(3).locator("th");
    await cell.evaluate((one) => getSelection().selectAllChildren(one));
    await refresh(page);
    assert.equal(await page.evaluate(() => String(getSelection())), await cell.innerText());
    await clean(page);
  });

  test("every interval is chosen by arrow keys", async () => {
    const page = await open(own, "/usage/");
    const list = page.getByLabel("Automatic refresh");
    await list.focus();
    for (const seconds of ["30", "60", "300"]) {
      await page.keyboard.press("ArrowDown");
      assert.equal(await list.inputValue(), seconds);
      assert.ok(await isFocused(list));
    }
    await clean(page);
  });

  test("a number that is being typed is not typed over", async () => {
    const page = await open(own, "/admin/");
    const days = page.getByLabel("Number of days");
    await days.fill("4");
    await refresh(page);
    assert.equal(await days.inputValue(), "4");
    await asking(page, "days=4", () => page.keyboard.press("Enter"));
    await clean(page);
  });

  test("the list of collections is asked for once, says so, and is left by emptying the field", async () => {
    const page = await open(own, "/admin/");
    const entry = page.locator("[data-table=collections] [data-collection]").first();
    const id = await entry.getAttribute("data-collection");
    const one = await open(own, `/admin/?collection=${id}`);
    let asked = 0;
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    await one.route("**/admin/usage?days=30", async (route) => {
      asked += 1;
      await held;
      await route.continue();
    });
    const picker = one.getByRole("combobox", { name: "Collection", exact: true });
    await picker.fill("");
    await picker.pressSequentially("biology");
    assert.equal(await one.locator(".picker .hint").textContent(), "Loading …");
    release();
    await one.getByRole("option", { name: "Biology 101" }).waitFor();
    assert.equal(asked, 1);
    await picker.fill("");
    await asking(one, USAGE, () => one.keyboard.press("Enter"));
    assert.doesNotMatch(one.url(), /collection=/);
    await clean(page);
    await clean(one);
  });

  test("a text filter finds what is seen, in the reader's language, and does not outlive a click", async () => {
    const page = await open(own, "/admin/", { locale: "nb-NO" });
    for (const [what, column] of [
      ["rask", 1],
      ["ingen type", 0],
    ]) {
      await page.getByLabel("Filtrer: KI etter type jobb").fill(what);
      const { rows } = await table(page, "kinds");
      assert.ok(rows.length > 0 && rows.every((row) => row[column].toLowerCase().includes(what)), what);
    }
    await page.getByRole("button", { name: "Hver samling" }).click();
    await page.getByLabel("Filtrer: Samlinger").fill("biology");
    await asking(page, "collection_id=", () => page.locator("[data-table=kinds] [data-collection]").first().click());
    assert.equal((await table(page, "collections")).rows.length, 1);
    assert.notEqual((await table(page, "collections")).rows[0][0], "Ingen treff");
    await clean(page);
  });

  test("totals of the same window are the same on both pages", async () => {
    // Nothing may enter or leave the window between the two questions.
    await own.site.sql(
      "delete from resource_usage_log where created_at > now() - interval '2 min' or created_at between now() - interval '7 days 2 min' and now() - interval '7 days' + interval '2 min'",
    );
    const overview = await open(own, "/admin/?days=7");
    await compared(overview);
    const statistics = await open(own, "/usage/?window=7d");
    assert.equal(await figure(overview, ".card[data-type=ai]"), await figure(statistics, "[data-figure=input_tokens]"));
    assert.equal(await figure(overview, ".card.type-cost"), await figure(statistics, "[data-figure=cost_usd]"));
    await clean(overview);
    await clean(statistics);
  });

  test("today is compared with the same hours of yesterday, a month with the same part of the last", async () => {
    const asked = async (name) => {
      const page = await open(own, `/usage/?window=${name}`);
      await page.locator("[data-figure=messages] .change > *").first().waitFor();
      const found = await page.evaluate(
        (route) => Promise.all(globalThis.replies.filter(([url]) => url.includes(route)).map(([, text]) => text)),
        STATS,
      );
      await clean(page);
      return found
        .map((text) => JSON.parse(text))
        .flatMap(({ filters_applied: { since, until } }) => [since, until].map((instant) => new Date(instant)));
    };
    const [today, now, yesterday, then] = await asked("today");
    assert.equal(today - yesterday, 86_400_000);
    assert.ok(Math.abs(now - then - 86_400_000) < 5000);
    const [month, ends, before, ended] = await asked("month");
    assert.deepEqual(before, new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() - 1, 1)));
    assert.ok(Math.abs(ended - before - Math.min(ends - month, month - before)) < 5000);
    const [first, last] = [40, 10].map((days) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10));
    const [since, until, start, end] = await asked(`own&from=${first}&to=${last}`);
    assert.deepEqual(
      [since - start, until - since, end - start, end - since],
      [31, 31, 31, 0].map((days) => days * 86_400_000),
    );
  });

  test("an own window without days is the usual one; days the wrong way around are turned; the last year is as it is", async () => {
    const page = await open(own, "/usage/?window=own");
    assert.equal(await page.getByRole("button", { name: "30 days" }).getAttribute("aria-pressed"), "true");
    await page.goto("/usage/?window=own&from=2026-02-03&to=2026-02-01");
    await settled(page);
    assert.match(await page.locator(".subtitle").textContent(), /^Feb 1 – 3, 2026/);
    await page.goto("/usage/?window=own&from=2026-02-03&to=9999-12-31");
    await settled(page);
    await page.goto("/usage/?window=own&from=0001-01-01&to=9998-12-31&bucket=day");
    await settled(page);
    await page.getByText("too long to show its empty periods").waitFor();
    await clean(page);
  });

  test("costs of any size fit into their card", async () => {
    await own.site.sql(
      `insert into resource_usage_log (resource_type, thread_id, detail) values ('ai', 'dear', '{"tokens_in": 1, "cost_usd": 123456789012.34}'), ('ai', 'nano', '{"tokens_in": 1, "cost_usd": 0.0000000012345}')`,
    );
    for (const [thread, width, shown] of [
      ["dear", 1280, "$123B"],
      ["dear", 360, "$123B"],
      ["nano", 1280, "$0.00000000123"],
      ["nano", 360, "$0.00000000123"],
    ]) {
      const page = await open(own, `/usage/?thread=${thread}`, { viewport: { width, height: 800 } });
      const value = page.locator("[data-figure=cost_usd] .value");
      assert.equal(await value.locator("[title]").textContent(), shown);
      assert.ok(
        await value.evaluate(
          (one) =>
            one.scrollWidth <= one.clientWidth + 1 &&
            one.getBoundingClientRect().right <= one.closest(".card").getBoundingClientRect().right,
        ),
        `${thread} ${width}`,
      );
      await clean(page);
    }
  });

  test("long names take no room from the rest, and types that nobody knows have colours of their own", async () => {
    const [id, title, type] = [
      "22222222-2222-4222-8222-222222222222",
      "y".repeat(10_000),
      "a_type_with_a_name_of_very_many_letters_that_goes_on_and_on_and_on",
    ];
    await own.site.sql("insert into nodes (id, title) values (%s, %s)", id, title);
    await own.site.sql(
      "insert into resource_usage_log (resource_type, collection_id) select unnest(array[%s, 'ocr', 'rerank', 'vision']), %s::uuid",
      type,
      id,
    );
    await own.site.sql(
      "insert into resource_usage_log (resource_type, collection_id, detail) select 'cas', %s::uuid, jsonb_build_object('size_bytes', 7)",
      id,
    );
    const page = await open(own, `/admin/?collection=${id}&days=7`, { viewport: { width: 360, height: 800 } });
    assert.ok((await page.locator(".subtitle").boundingBox()).height < 250);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    const colours = await page
      .locator(".legend .swatch")
      .evaluateAll((all) =>
        all.filter((one) => one.closest("button")).map((one) => getComputedStyle(one).backgroundColor),
      );
    assert.equal(new Set(colours).size, colours.length);
    await clean(page);
  });

  test("a file is safe where a semicolon parts cells", async () => {
    await own.site.sql("insert into nodes (id, title) values ('33333333-3333-4333-8333-333333333333', 'x;=1+1')");
    await own.site.sql(
      "insert into resource_usage_log (resource_type, collection_id) values ('ai', '33333333-3333-4333-8333-333333333333')",
    );
    const page = await open(own, "/admin/?days=1");
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByLabel("CSV: Collections").click()]);
    assert.ok((await readFile(await file.path(), "utf8")).includes('"x;\'=1+1"'));
    assert.ok(
      (await downloaded(page, () => page.getByLabel("CSV: Collections").click())).rows.some(
        ([name]) => name === "x;'=1+1",
      ),
    );
    await clean(page);
  });

  test("numbers are those of the browser's first language, whatever the texts are in", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.addInitScript(() =>
      Object.defineProperty(navigator, "languages", { value: ["de-DE", "de", "en-US", "en"] }),
    );
    await page.goto("/usage/");
    await settled(page);
    assert.equal(await page.locator("h1").textContent(), "Usage");
    assert.match(
      await page.locator("[data-figure=input_tokens] .value .unseen").textContent(),
      /^\d{1,3}(?:\.\d{3})+$/,
    );
    await clean(page);
  });

  test("who asks is found out later, where it could not be at first", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.route("**/v1/usage/caller", (route) => route.abort(), { times: 1 });
    await page.goto("/usage/");
    await settled(page);
    await asking(page, STATS, () => page.getByRole("button", { name: "Refresh", exact: true }).click());
    await page.locator(".who", { hasText: "Signed in as" }).waitFor();
    await page.getByLabel("Channel (id)").waitFor();
    await clean(page, REFUSED, /ERR_FAILED/);
  });

  test("a page of which a part does not arrive says so", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.route("**/tally/texts.js", (route) => route.abort());
    await page.goto("/usage/");
    await page.getByRole("heading", { name: "did not arrive whole" }).waitFor();
    await page.unroute("**/tally/texts.js");
    await page.getByRole("link", { name: "Try again" }).click();
    await settled(page);
    await clean(page, REFUSED, /ERR_FAILED/);
  });

  test("a query past its time does not end what refreshes by itself, and old numbers can be read", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.clock.install();
    await page.goto("/admin/?refresh=30");
    await settled(page);
    await own.site.do("freeze_database");
    try {
      await page.getByRole("button", { name: "Refresh", exact: true }).click();
      await page.locator(".fault[data-kind=slow]").waitFor();
      await axe(page);
    } finally {
      await own.site.do("thaw");
    }
    await asking(page, USAGE, () => page.clock.runFor(31_000));
    assert.equal(await page.locator(".fault").count(), 0);
    await clean(page, REFUSED);
  });

  test("the bar at the top covers nothing that has the focus", async () => {
    const page = await open(own, "/admin/", { viewport: { width: 900, height: 500 } });
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.locator("[data-table=collections] select").focus();
    for (let presses = 0; presses < 25; presses++) {
      await page.keyboard.press("Shift+Tab");
      const hidden = await page.evaluate(() => {
        const { top, height } = document.activeElement.getBoundingClientRect();
        return (
          height < 300 &&
          top < document.querySelector(".bar").getBoundingClientRect().bottom - 1 &&
          !document.activeElement.closest(".bar")
        );
      });
      assert.ok(!hidden, await page.evaluate(() => document.activeElement.outerHTML));
    }
    await clean(page);
  });
});
