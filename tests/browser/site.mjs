// The site that a test looks at: site.py, which starts real servers, and obeys.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("site.py", import.meta.url));
const PATIENCE = 120_000; // ms for the slowest command, on a busy machine

export class Site {
  #process;
  #waiting = [];

  constructor(options) {
    this.#process = spawn("/usr/bin/python3", ["-B", PROGRAM, ...options], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#waiting.shift()?.resolve(line));
    this.#process.stdin.on("error", () => {}); // Whoever waits hears of it by the end of the process.
    this.#process.on("close", (status, signal) => {
      for (const one of this.#waiting.splice(0)) {
        one.reject(new Error(`site.py ended (${signal ?? status}) and did not answer`));
      }
    });
  }

  /** Starts a site; options: tenancy "multi" or "single", and events, at least so many. */
  static async start({ tenancy = "multi", events = 20_000 } = {}) {
    const site = new Site(["--tenancy", tenancy, "--events", String(events)]);
    Object.assign(site, JSON.parse(await site.#nextLine("start")));
    return site;
  }

  /** Has site.py carry out one of its commands, and resolves to its result. */
  async do(command, parameters = {}) {
    this.#process.stdin.write(JSON.stringify({ command, ...parameters }) + "\n");
    const answer = JSON.parse(await this.#nextLine(command));
    if ("error" in answer) {
      throw new Error(`${command}: ${answer.error}`);
    }
    return answer.result;
  }

  /** The rows of a statement that the owner of the tables runs; what is not JSON's comes as text. */
  sql(query, ...parameters) {
    return this.do("sql", { query, parameters });
  }

  /** A request without a browser, as one of users. */
  fetch(path, user) {
    const { name, password } = this.users[user];
    const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
    return fetch(this.url + path, { headers: { authorization, connection: "close" } });
  }

  /** Ends all servers, and fails if one of them has sounded an alarm. */
  async stop() {
    try {
      await this.do("quit");
    } finally {
      this.#process.stdin.end();
      await this.#ended();
    }
    assert.equal(this.#process.exitCode, 0, "site.py's exit status");
  }

  #nextLine(command) {
    return this.#inTime(
      command,
      new Promise((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
        if (this.#hasEnded()) {
          reject(new Error(`site.py has ended with ${this.#process.exitCode}`));
        }
      }),
    );
  }

  async #ended() {
    if (!this.#hasEnded()) {
      await this.#inTime("end", once(this.#process, "close"));
    }
  }

  #hasEnded() {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  // While nothing is awaited of it, the site does not keep a test file from ending.
  async #inTime(what, event) {
    const parts = [this.#process, this.#process.stdin, this.#process.stdout];
    let timer;
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${what}: site.py is not through with it`)), PATIENCE);
    });
    parts.forEach((one) => one.ref());
    try {
      return await Promise.race([event, late]);
    } finally {
      clearTimeout(timer);
      parts.forEach((one) => one.unref());
    }
  }
}
