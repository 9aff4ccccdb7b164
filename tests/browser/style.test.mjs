// The scripts and style sheets of the pages and of their tests are written as Prettier writes them.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { prettier } from "./packages.mjs";

const FOLDERS = [new URL("../../web/tally/", import.meta.url), new URL("./", import.meta.url)];

for (const folder of FOLDERS) {
  for (const name of (await readdir(folder)).filter((file) => /\.(?:m?js|css)$/.test(file))) {
    test(`${name} is written as Prettier writes it`, async () => {
      const filepath = fileURLToPath(new URL(name, folder));
      const options = { ...(await prettier.resolveConfig(filepath, { editorconfig: true })), filepath };
      const text = await readFile(filepath, "utf8");
      assert.ok(await prettier.check(text, options), "prettier --write tells how it would be");
    });
  }
}
