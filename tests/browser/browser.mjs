// A real Chromium, and pages in it as a certain user sees them.

import { chromium } from "./packages.mjs";
import { watch } from "./watch.mjs";

const PATIENCE = 15_000; // ms that an event is waited for

const SWITCHES = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  "--no-proxy-server",
  // Whatever a page or the browser itself may ask for, nothing leaves this machine.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

// What a page looks like must not follow from where the tests run.
const SURROUNDINGS = {
  viewport: { width: 1280, height: 800 },
  colorScheme: "light",
  reducedMotion: "reduce",
  locale: "en-US",
  timezoneId: "UTC",
};

export class Browser {
  #chromium;

  constructor(started) {
    this.#chromium = started;
  }

  static async launch() {
    return new Browser(
      await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        chromiumSandbox: process.getuid() !== 0,
        args: SWITCHES,
      }),
    );
  }

  /**
   * A new page, watched, that goes to the path where one is given. The user is a key of site.users, or null
   * for nobody; surroundings are options of Playwright's newContext.
   */
  async open(site, user, path, surroundings = {}) {
    const options = { ...SURROUNDINGS, baseURL: site.url, ...surroundings };
    if (user !== null) {
      const { name, password } = site.users[user];
      options.httpCredentials = { username: name, password, origin: site.url };
    }
    const context = await this.#chromium.newContext(options);
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    await watch(page, site.url);
    if (path !== undefined) {
      await page.goto(path);
    }
    return page;
  }

  /** Closes all pages; those of one test are not there in the next. */
  async closePages() {
    await Promise.all(this.#chromium.contexts().map((context) => context.close()));
  }

  version() {
    return this.#chromium.version();
  }

  close() {
    return this.#chromium.close();
  }
}
