// What goes wrong is said, by its own name, and the page goes on where it can.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { clean, open, REFUSED, settled } from "./page.mjs";
import { useBrowser } from "./use.mjs";

describe("what is wrong is said", () => {
  const own = useBrowser();

  async function told(page, kind) {
    await page.locator(`.fault[data-kind=${kind}]`).waitFor();
    await clean(page, REFUSED);
  }

  function refresh(page) {
    return page.getByRole("button", { name: "Refresh", exact: true }).click();
  }

  /** Does something to the site, looks, and undoes it, also when the test fails. */
  async function during(what, undo, look) {
    await own.site.do(what);
    try {
      await look();
    } finally {
      await own.site.do(undo);
    }
  }

  test("a user who opens the overview is shown the way to their own numbers", async () => {
    const page = await open(own, "/admin/", { user: "user", state: "failed" });
    await told(page, "forbidden");
    await page.locator(".fault").getByRole("link", { name: "Usage" }).click();
    await settled(page);
    assert.match(page.url(), /\/usage\/$/);
  });

  test("a user whose uuid nobody has told sees that, and nothing else", async () => {
    const page = await open(own, "/usage/", { user: "stranger", state: "failed" });
    await told(page, "forbidden");
    assert.ok(await page.locator(".content").isHidden());
  });

  test("numbers that could not be renewed say from when they are, and are renewed by themselves", async () => {
    const page = await open(own, "/admin/");
    await during("stop_database", "start_database", async () => {
      await refresh(page);
      await told(page, "unavailable");
      assert.match(await page.locator(".stale-since").textContent(), /^The numbers below are from /);
      assert.match(await page.locator(".countdown").textContent(), /^Trying again in \d+ second/);
      assert.ok(await page.locator(".content.stale .card").first().isVisible());
    });
    await settled(page);
    assert.equal(await page.locator(".fault").count(), 0);
    assert.equal(await page.locator(".content.stale").count(), 0);
  });

  test("without a database a page that is opened shows a fault and not nothing, and then the numbers", async () => {
    let page;
    await during("stop_database", "start_database", async () => {
      page = await open(own, "/usage/", { state: "failed" });
      await told(page, "unavailable");
      assert.ok(await page.locator(".fault.panel").isVisible());
    });
    await settled(page);
    assert.ok(await page.locator("[data-figure=messages]").isVisible());
  });

  test("workers that are gone", async () => {
    const page = await open(own, "/usage/");
    await during("stop_workers", "start_workers", async () => {
      await refresh(page);
      await told(page, "unavailable");
    });
    await settled(page);
  });

  test("a query past its time, and other numbers than were asked for are not shown", async () => {
    const page = await open(own, "/admin/");
    await during("freeze_database", "thaw", async () => {
      await page.getByRole("button", { name: "90 days" }).click();
      await told(page, "slow");
      assert.ok(await page.locator(".fault.panel").isVisible());
      assert.ok(await page.locator(".content").isHidden());
    });
    await page.getByRole("button", { name: "Try again" }).click();
    await settled(page);
    assert.ok(await page.locator(".card").first().isVisible());
  });

  test("an answer that takes its time is waited for, and the page says so", async () => {
    const page = await open(own, "/admin/");
    await during("stall_database", "thaw", async () => {
      await page.getByRole("button", { name: "7 days", exact: true }).click();
      await page.locator("main[data-state=loading]").waitFor();
      assert.equal(await page.locator("main").getAttribute("aria-busy"), "true");
      assert.ok(await page.getByRole("progressbar").isVisible());
      assert.match(await page.locator(".as-of").textContent(), /^Loading/);
      assert.ok(await page.locator(".content.stale").isVisible());
    });
    await settled(page);
    await clean(page);
  });

  test("an expired login", async () => {
    const page = await open(own, "/usage/");
    await during("expire_login", "renew_login", async () => {
      await refresh(page);
      await told(page, "login");
    });
    await page.getByRole("button", { name: "Sign in again" }).click();
    await settled(page);
  });

  test("a limit", async () => {
    const page = await open(own, "/usage/");
    await during("limit", "unlimit", async () => {
      // The first request of a minute still passes.
      await refresh(page);
      await page.locator("main[data-state=ready], main[data-state=failed]").waitFor();
      await refresh(page);
      await told(page, "limited");
    });
    await settled(page);
  });

  test("a connection that is gone, and is back", async () => {
    const page = await open(own, "/usage/");
    await page.context().setOffline(true);
    await refresh(page);
    await page.locator(".fault[data-kind=network]").waitFor();
    await page.context().setOffline(false);
    await settled(page);
  });

  test("without the period before, or the library of the charts, the rest is there", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.route("**/chart.min.js", (route) => route.abort());
    await page.route("**/admin/usage?days=60", (route) => route.abort());
    await page.goto("/admin/");
    await settled(page);
    await page.getByText("Charts cannot be drawn").first().waitFor();
    await page.locator(".card[data-type=ai] .change", { hasText: "could not be loaded" }).waitFor();
    assert.ok(await page.locator("[data-table=collections] tbody tr").first().isVisible());
  });
});
