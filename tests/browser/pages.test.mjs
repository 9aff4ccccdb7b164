// The pages: they show what the routes say, say what is wrong, and can be used by everybody.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { axe, rows } from "./look.mjs";
import { useBrowser } from "./use.mjs";
import { assertClean } from "./watch.mjs";

const own = useBrowser();

const REFUSED = /Failed to load resource/;
// The page gives up a question that it has no more use for.
const GIVEN_UP = /^failed request: GET \S+: net::ERR_ABORTED$/;

function clean(page, ...allowed) {
  return assertClean(page, { allowed: [GIVEN_UP, ...allowed] });
}

async function settled(page, state = "ready") {
  await page.locator(`main[data-state=${state}]`).waitFor();
  return page;
}

async function open(path, { user = "admin", state = "ready", ...surroundings } = {}) {
  return settled(await own.browser.open(own.site, user, path, surroundings), state);
}

/** The page, and the reply that it was given. */
async function openWithReply(path, route, options) {
  const page = await own.browser.open(own.site, "admin", undefined, options);
  await page.addInitScript(() => {
    globalThis.replies = [];
    const ask = globalThis.fetch;
    globalThis.fetch = async (...question) => {
      const response = await ask(...question);
      const entry = [response.url, response.clone().text()];
      globalThis.replies.push(entry);
      return response;
    };
  });
  await page.goto(path);
  await settled(page);
  const text = await page.evaluate((part) => globalThis.replies.find(([url]) => url.includes(part))[1], route);
  return { page, data: JSON.parse(text) };
}

function number(text) {
  return Number(/-?\d[\d,]*(?:\.\d+)?/.exec(text)[0].replaceAll(",", ""));
}

function sum(list, key) {
  return list.reduce((total, row) => total + row[key], 0);
}

function ofType(list, type) {
  return list.filter((row) => row.resource_type === type);
}

function figure(page, selector) {
  return page.locator(`${selector} .value .unseen`).textContent();
}

describe("the overview", () => {
  test("cards and the table of collections are the sums of the reply", async () => {
    const { page, data } = await openWithReply("/admin/", "/admin/usage?");
    assert.equal(number(await figure(page, '.card[data-type=""]')), sum(data.by_collection, "event_count"));
    for (const type of ["ai", "whisper", "tts", "cas", "bandwidth", "livekit"]) {
      const shown = number(await figure(page, `.card[data-type=${type}]`));
      assert.ok(Math.abs(shown - sum(ofType(data.by_collection, type), "total_value")) < 1e-6, type);
    }
    const total = page.locator("[data-table=collections] tfoot tr.total td").last();
    assert.equal(number(await total.getAttribute("title")), sum(data.by_collection, "event_count"));
    await clean(page);
  });

  test("a click on a collection filters everything, and the address says so", async () => {
    const page = await open("/admin/");
    const entry = page.locator("[data-table=collections] [data-collection]").first();
    const [id, title] = [await entry.getAttribute("data-collection"), await entry.textContent()];
    await Promise.all([page.waitForResponse((one) => one.url().includes(`collection_id=${id}`)), entry.click()]);
    await settled(page);
    assert.ok((await page.locator(".subtitle").textContent()).endsWith(title));
    assert.equal((await rows(page.locator("[data-table=collections] table tbody"))).length, 1);
    assert.match(page.url(), new RegExp(`collection=${id}`));
    await Promise.all([page.waitForResponse((one) => one.url().includes("/admin/usage?days=30")), page.goBack()]);
    await settled(page);
    assert.doesNotMatch(page.url(), /collection=/);
    await clean(page);
  });

  test("texts of the database are shown as texts", async () => {
    const nasty = ['<img src=x onerror="document.title=1">', "\u202eevil\u202c", "x".repeat(10_000), "=1+1"];
    for (const [at, title] of nasty.entries()) {
      const id = `11111111-1111-4111-8111-00000000000${at}`;
      await own.site.sql("insert into nodes (id, title) values (%s, %s) returning 1", id, title);
      await own.site.sql(`insert into resource_usage_log (resource_type, collection_id, detail) values (%s, %s, jsonb_build_object('tokens_in', 10000000, 'job_type', %s::text)) returning 1`,
        at === 0 ? title : "ai", id, title);
    }
    const page = await open("/admin/?days=1&collections_size=100&kinds_size=100");
    await page.getByText(nasty[0]).first().waitFor();
    assert.equal(await page.locator("main img").count(), 0);
    assert.equal(await page.title(), "Overview · Tally");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByLabel("CSV: Collections").click()]);
    const file = await (await download.createReadStream()).toArray();
    assert.match(Buffer.concat(file).toString(), /\r\n'=1\+1,/);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await clean(page);
  });
});

describe("the statistics", () => {
  test("the six figures are those of the reply, and a small cost is not zero", async () => {
    const { page, data } = await openWithReply("/usage/", "/v1/usage/stats?");
    for (const [name, value] of Object.entries(data.totals)) {
      assert.equal(number(await figure(page, `[data-figure=${name}]`)), value, name);
    }
    await own.site.sql(`insert into resource_usage_log (resource_type, thread_id, detail) values ('ai', 'cheap', '{"tokens_in": 1, "cost_usd": 0.0000012}') returning 1`);
    await page.getByLabel("Thread").fill("cheap");
    await Promise.all([page.waitForResponse((one) => one.url().includes("thread_id=cheap")), page.keyboard.press("Enter")]);
    await settled(page);
    assert.equal(await page.locator("[data-figure=cost_usd] .value [title]").textContent(), "$0.0000012");
    await clean(page);
  });
});

describe("what is wrong is said", () => {
  /** What the reader is told after something has happened to the site. */
  async function told(page, kind) {
    await page.locator(`.fault[data-kind=${kind}]`).waitFor();
    await clean(page, REFUSED);
  }

  test("a user who opens the overview is shown the way to their own numbers", async () => {
    const page = await open("/admin/", { user: "user", state: "failed" });
    await told(page, "forbidden");
    await page.locator(".fault").getByRole("link", { name: "Usage" }).click();
    await settled(page);
    assert.match(page.url(), /\/usage\/$/);
  });

  test("numbers that could not be renewed say so, and the page goes on by itself", async () => {
    const page = await open("/admin/");
    await own.site.do("stop_database");
    try {
      await page.getByRole("button", { name: "Refresh", exact: true }).click();
      await told(page, "unavailable");
      assert.match(await page.locator(".stale-since").textContent(), /^The numbers below are from /);
      assert.ok(await page.locator(".content.stale .card").first().isVisible());
    } finally {
      await own.site.do("start_database");
    }
    await settled(page);
    assert.equal(await page.locator(".fault").count(), 0);
  });

  test("an expired login, a limit, and a connection that is gone", async () => {
    const page = await open("/usage/");
    const refresh = page.getByRole("button", { name: "Refresh", exact: true });
    await own.site.do("expire_login");
    try {
      await refresh.click();
      await told(page, "login");
    } finally {
      await own.site.do("renew_login");
    }
    await own.site.do("limit");
    try {
      await page.reload();
      await page.locator(".fault[data-kind=limited]").or(page.locator("main[data-state=ready]")).first().waitFor();
      await refresh.click();
      await told(page, "limited");
    } finally {
      await own.site.do("unlimit");
    }
    await page.context().setOffline(true);
    await refresh.click();
    await page.locator(".fault[data-kind=network]").waitFor();
    await page.context().setOffline(false);
    await settled(page);
  });
});

describe("everybody can use them", () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const path of ["/admin/", "/admin/?daily=table&by=collection", "/usage/"]) {
      test(`nothing that axe knows of is in the way: ${path}, ${colorScheme}`, async () => {
        const page = await open(path, { colorScheme });
        await axe(page);
        await clean(page);
      });
    }
  }

  for (const width of [360, 768, 1920]) {
    test(`nothing lies outside of ${width} px`, async () => {
      for (const path of ["/admin/", "/usage/"]) {
        const page = await open(path, { viewport: { width, height: 800 } });
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path);
        await clean(page);
      }
    });
  }

  test("a Norwegian reads Norwegian", async () => {
    const page = await open("/usage/", { locale: "nb-NO" });
    assert.equal(await page.locator("h1").textContent(), "Forbruk");
    assert.equal(await page.locator("html").getAttribute("lang"), "nb");
    await clean(page);
  });
});
