// The harness itself: the site does what it is told, and a browser tells what a page does wrong.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { axe, rows, shows, tabTo } from "./look.mjs";
import { useBrowser, useSite } from "./use.mjs";
import { assertClean } from "./watch.mjs";

const OVERVIEW = "/admin/usage";
const STATS = "/v1/usage/stats?bucket=none";

async function statuses(site) {
  const replies = await Promise.all([site.fetch(OVERVIEW, "admin"), site.fetch(STATS, "user")]);
  return replies.map((reply) => reply.status);
}

// What goes wrong by one command and is right again by the other, and how clients see it.
const FAULTS = [
  ["stop_database", "start_database", 503, "positive"],
  ["freeze_database", "thaw", 504, null],
  ["stop_workers", "start_workers", 502, "positive"],
  ["limit", "unlimit", 429, "positive"],
  ["expire_login", "renew_login", 401, null],
];

describe("a site", () => {
  const own = useSite();

  it("answers each user as the role says", async () => {
    const { site } = own;
    const seen = {};
    for (const user of Object.keys(site.users)) {
      seen[user] = [(await site.fetch(OVERVIEW, user)).status, (await site.fetch(STATS, user)).status];
    }
    assert.deepEqual(seen, { admin: [200, 200], service: [403, 200], user: [403, 200], stranger: [403, 403] });
  });

  it("has the sample's events of its user", async () => {
    const { site } = own;
    const [{ count }] = await site.sql(
      "select count(*) from resource_usage_log where resource_type = 'ai' and user_id = %s",
      site.users.user.id,
    );
    const { totals } = await (await site.fetch(`${STATS}&since=2000-01-01T00:00:00Z`, "user")).json();
    assert.equal(totals.messages, count);
    assert.ok(count > 0);
  });

  it("changes its data by SQL", async () => {
    const { site } = own;
    const title = "<script>alert(1)</script>";
    const [{ id }] = await site.sql("insert into nodes (id, title) values (gen_random_uuid(), %s) returning id", title);
    await site.sql("insert into resource_usage_log (resource_type, collection_id) values ('cas', %s)", id);
    const { by_collection: found } = await (await site.fetch(`${OVERVIEW}?collection_id=${id}`, "admin")).json();
    assert.equal(found[0].collection_title, title);
  });

  for (const [wrong, right, status, retry] of FAULTS) {
    it(`answers with ${status} from ${wrong} to ${right}`, async () => {
      const { site } = own;
      await site.do(wrong);
      try {
        for (const [path, user] of [
          [OVERVIEW, "admin"],
          [STATS, "user"],
        ]) {
          const reply = await site.fetch(path, user);
          assert.equal(reply.status, status);
          assert.equal(typeof (await reply.json()).error, "string");
          const seconds = reply.headers.get("retry-after");
          assert.ok(retry ? Number(seconds) > 0 : seconds === null, `Retry-After: ${seconds}`);
        }
      } finally {
        await site.do(right);
      }
      assert.deepEqual(await statuses(site), [200, 200]);
    });
  }

  it("keeps one pool's queries waiting while the other has no workers", async () => {
    const { site } = own;
    await site.do("stop_workers", { pool: "admin" });
    await site.do("stall_database");
    const late = site.fetch(STATS, "user");
    assert.equal((await site.fetch(OVERVIEW, "admin")).status, 502);
    await site.do("thaw");
    assert.equal((await late).status, 200);
    await site.do("start_workers");
    assert.deepEqual(await statuses(site), [200, 200]);
  });

  it("says so when a command is unknown or fails", async () => {
    await assert.rejects(own.site.do("no_such_command"), /no_such_command/);
    await assert.rejects(own.site.sql("select 1/0"), /division by zero/);
  });
});

describe("a site with one tenant", () => {
  const own = useSite({ tenancy: "single" });

  it("shows a user without a uuid the usage of all", async () => {
    assert.equal((await own.site.fetch(STATS, "stranger")).status, 200);
  });
});

// The page that these tests begin with names no icon, so that Chromium may ask for one.
const ICON = /favicon\.ico/;

describe("a browser", () => {
  const own = useBrowser();

  // A page of the site's own origin, without anything of the dashboard.
  async function blank(user = "admin", surroundings = {}) {
    const page = await own.browser.open(own.site, user, undefined, surroundings);
    await page.route("**/blank", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
    await page.goto("/blank");
    return page;
  }

  it("signs a user in", async () => {
    const page = await own.browser.open(own.site, "user");
    assert.equal((await page.goto(STATS)).status(), 200);
    assert.equal((await page.goto(OVERVIEW)).status(), 403);
    await assertClean(page, { allowed: [ICON, /^console error: Failed to load resource: .* 403 /] });
  });

  it("is turned away without a user, and after the login has expired", async () => {
    const nobody = await own.browser.open(own.site, null);
    await assert.rejects(nobody.goto(STATS), /ERR_INVALID_AUTH_CREDENTIALS/);
    const page = await blank();
    const status = () => page.evaluate(async (path) => (await fetch(path)).status, STATS);
    assert.equal(await status(), 200);
    await own.site.do("expire_login");
    try {
      assert.equal(await status(), 401);
    } finally {
      await own.site.do("renew_login");
    }
    assert.equal(await status(), 200);
    await assertClean(page, { allowed: [ICON, /^console error: Failed to load resource: .* 401 /] });
  });

  it("has the surroundings that a test wants", async () => {
    const page = await blank("admin", {
      colorScheme: "dark",
      locale: "de-DE",
      timezoneId: "Asia/Kolkata",
      viewport: { width: 360, height: 640 },
    });
    assert.deepEqual(
      await page.evaluate(() => [
        matchMedia("(prefers-color-scheme: dark)").matches,
        navigator.language,
        Intl.DateTimeFormat().resolvedOptions().timeZone,
        innerWidth,
      ]),
      [true, "de-DE", "Asia/Calcutta", 360],
    );
    await assertClean(page, { allowed: [ICON] });
  });

  // What a page does, and what is said of it.
  const MISDEEDS = {
    "an error in the console": [() => console.error("planted"), /console error: planted/],
    "a warning in the console": [() => console.warn("planted"), /console warning: planted/],
    "an exception": [
      () => {
        setTimeout(() => {
          throw new Error("planted");
        });
      },
      /page error: Error: planted/,
    ],
    "a rejected promise": [
      () => {
        Promise.reject(new Error("planted"));
      },
      /page error: Error: planted/,
    ],
    "a dialog": [() => alert("planted"), /dialog: planted/],
    "a request that fails": [() => fetch("http://127.0.0.1:9/").catch(() => {}), /failed request: GET http:.*127/],
    "a request to another site": [
      () => fetch("http://other.example/").catch(() => {}),
      /foreign request: GET http:\/\/other\.example\//,
    ],
    "an image of another site": [
      () =>
        new Promise((resolve) => {
          const image = new Image();
          image.onerror = resolve;
          image.src = "http://other.example/image.png";
        }),
      /foreign request: GET http:\/\/other\.example\/image\.png/,
    ],
    "a socket to another site": [
      () =>
        new Promise((resolve) => {
          new WebSocket("ws://other.example/").onerror = resolve;
        }),
      /foreign request: ws:\/\/other\.example\//,
    ],
    "what its policy forbids": [
      () => {
        document.head.innerHTML = "<meta http-equiv='Content-Security-Policy' content=\"style-src 'none'\">";
        document.body.setAttribute("style", "color: red");
      },
      /violation: style-src-attr forbids inline/,
    ],
  };
  for (const [name, [act, pattern]] of Object.entries(MISDEEDS)) {
    it(`finds ${name}`, async () => {
      const page = await blank();
      await assertClean(page, { allowed: [ICON] });
      await page.evaluate(act);
      await assert.rejects(assertClean(page), pattern);
      await assertClean(page, { allowed: [ICON] });
    });
  }

  it("lets pass what a test allows", async () => {
    const page = await blank();
    await page.evaluate(() => console.error("planted"));
    await assertClean(page, { allowed: [ICON, /planted/] });
  });

  it("finds what is not accessible, and nothing else", async () => {
    const page = await blank();
    const sound = "<main><h1>Fine</h1><button>Go</button></main>";
    await page.setContent(`<!doctype html><html lang="en"><title>Fine</title>${sound}`);
    await axe(page);
    await page.setContent(`<!doctype html><html lang="en"><title>Fine</title>${sound}<img src="data:,">`);
    await assert.rejects(axe(page), /image-alt \(critical\)/);
  });

  it("reads tables, waits for texts and works by keys", async () => {
    const page = await blank();
    await page.setContent(`<table><tr><th>Name<th>Sum<tr><td> a <td>1,5<tr hidden><td>b<td>2</table>
      <a href="#">first</a> <button onclick="setTimeout(() => { this.textContent = 'pressed' })">Press</button>`);
    assert.deepEqual(await rows(page.locator("table")), [
      ["Name", "Sum"],
      ["a", "1,5"],
    ]);
    await tabTo(page, page.getByRole("button"));
    await page.keyboard.press("Enter");
    await shows(page.getByRole("button"), "pressed");
    await assertClean(page, { allowed: [ICON] });
  });
});
