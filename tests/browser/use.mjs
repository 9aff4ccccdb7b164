// What the tests of a suite share: servers and a browser that end with it, however it ends.

import { after, afterEach, before } from "node:test";
import { Browser } from "./browser.mjs";
import { Site } from "./site.mjs";

/** A site for the suite that calls this: its member `site` is there once the tests run. */
export function useSite(options) {
  const own = {};
  before(async () => {
    own.site = await Site.start(options);
  });
  after(() => own.site?.stop());
  return own;
}

/** A site and a browser: its members `site` and `browser`. The pages of a test are closed after it. */
export function useBrowser(options) {
  const own = {};
  before(async () => {
    const keep = (name) => (started) => {
      own[name] = started;
    };
    const starts = [Site.start(options).then(keep("site")), Browser.launch().then(keep("browser"))];
    const [failed] = (await Promise.allSettled(starts)).filter(({ status }) => status === "rejected");
    if (failed) {
      throw failed.reason;
    }
  });
  afterEach(() => own.browser?.closePages());
  after(async () => {
    try {
      await own.browser?.close();
    } finally {
      await own.site?.stop();
    }
  });
  return own;
}
