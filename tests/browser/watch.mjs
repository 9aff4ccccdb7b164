// What a page must not do, and what a browser says of it: every page is watched from its start.

import assert from "node:assert/strict";

const watches = new WeakMap();

class Watch {
  #findings = [];

  note(kind, text) {
    this.#findings.push(`${kind}: ${text}`);
  }

  without(allowed) {
    return this.#findings.filter((finding) => !allowed.some((pattern) => pattern.test(finding)));
  }

  clear() {
    this.#findings = [];
  }
}

function isForeign(url, origin) {
  const { protocol, origin: own } = new URL(url);
  return own !== origin && !["about:", "blob:", "data:"].includes(protocol);
}

function place({ url, lineNumber }) {
  return url ? ` (${url}:${lineNumber + 1})` : "";
}

/** Watches a page of the site at the URL, which has not gone anywhere yet. */
export async function watch(page, url) {
  const one = new Watch();
  const { origin } = new URL(url);
  watches.set(page, one);
  page.on("console", (message) => {
    if (["error", "warning", "assert"].includes(message.type())) {
      one.note(`console ${message.type()}`, message.text() + place(message.location()));
    }
  });
  page.on("pageerror", (error) => one.note("page error", error?.stack ?? String(error)));
  page.on("crash", () => one.note("page error", "it crashed"));
  page.on("dialog", (dialog) => {
    one.note("dialog", dialog.message());
    dialog.dismiss().catch(() => {});
  });
  page.on("request", (request) => {
    if (isForeign(request.url(), origin)) {
      one.note("foreign request", `${request.method()} ${request.url()}`);
    }
  });
  page.on("websocket", (socket) => one.note("foreign request", socket.url()));
  page.on("requestfailed", (request) => {
    one.note("failed request", `${request.method()} ${request.url()}: ${request.failure()?.errorText}`);
  });
  await page.exposeBinding("tallyReportViolation", (_source, text) => one.note("violation", text));
  await page.addInitScript(() => {
    const report = window.tallyReportViolation;
    delete window.tallyReportViolation;
    document.addEventListener("securitypolicyviolation", (event) => {
      report(`${event.effectiveDirective} forbids ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`);
    });
  });
}

/** Asserts that nothing was found since the page was opened or last asked, but for what is allowed. */
export async function assertClean(page, { allowed = [] } = {}) {
  // What the page has done so far is reported before it answers this.
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => setTimeout(resolve));
      }),
  );
  const found = watches.get(page).without(allowed);
  watches.get(page).clear();
  assert.deepEqual(found, [], `found in ${page.url()}:\n  ${found.join("\n  ")}\n`);
}
