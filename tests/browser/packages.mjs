// The packages of package.json. They are installed outside of the sources, where import does not look.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

const folder = process.env.TALLY_BROWSER_PACKAGES;
const require = createRequire(folder ? path.join(folder, "package.json") : import.meta.url);

export const { chromium } = require("playwright-core");
export const prettier = require("prettier");
export const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
