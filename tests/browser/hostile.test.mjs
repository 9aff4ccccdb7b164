// Names that somebody chose to do harm: very many, very long, or made for the spreadsheet that opens the file.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { clean, compared, counter, downloaded, open, REFUSED, settled, table } from "./page.mjs";
import { useBrowser } from "./use.mjs";

const NAMES = 40_000;

/** The cells of a line for a reader that parts them at `mark`, and heeds quotes at the beginning of a cell alone. */
function cellsOf(line, mark) {
  const cells = [];
  for (let rest = line; rest !== null; ) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest)?.[1];
    const end = rest.indexOf(mark, quoted === undefined ? 0 : quoted.length + 2);
    const cell = end < 0 ? rest : rest.slice(0, end);
    cells.push(quoted === undefined ? cell : quoted.replaceAll('""', '"') + cell.slice(quoted.length + 2));
    rest = end < 0 ? null : rest.slice(end + 1);
  }
  return cells;
}

describe("names that do harm", () => {
  const own = useBrowser();

  /** Milliseconds of work in the page for so many things and for eight times as many; the best of seven tries. */
  async function growth(page, work, few) {
    const times = await page.evaluate(
      async ([source, counts]) => {
        const prepare = await new Function(`return (${source})`)()();
        return counts.map((count) =>
          Math.min(
            ...[1, 2, 3, 4, 5, 6, 7].map(() => {
              const run = prepare(count);
              const start = performance.now();
              run();
              return performance.now() - start;
            }),
          ),
        );
      },
      [work.toString(), [few, 8 * few]],
    );
    return times[1] / Math.max(times[0], 1);
  }

  test("the work for jobs, cards, colours and largest parts grows with their number, and not with its square", async () => {
    const page = await open(own, "/admin/");
    const works = {
      kinds: async () => {
        const { Kinds } = await import("/tally/kinds.js");
        const values = { measure: "tokens_in", kinds_page: 1, kinds_size: 10, kinds_sort: "", kinds_filter: "" };
        const row = (at) => ({
          collection_id: null,
          collection_title: null,
          job_type: `job ${at}`,
          model_level: `level ${at}`,
          tokens_in: at,
          tokens_out: at,
          event_count: 1,
        });
        return (count) => {
          const kinds = new Kinds(() => {});
          const data = { ai_drilldown: Array.from({ length: count }, (_, at) => row(at)) };
          return () => {
            ["kind", "collection"].forEach((by) => kinds.show({ data, period: "" }, { ...values, by }));
            const sums = kinds.plot.data.series.map(({ values: [most] }) => most);
            if (JSON.stringify(sums) !== JSON.stringify([0, 0, 0, count - 1])) {
              throw new Error(`${sums}`);
            }
          };
        };
      },
      arrange: async () => {
        const { arrange, element } = await import("/tally/element.js");
        return (count) => {
          const [parent, children] = [element("div"), Array.from({ length: count }, () => element("i"))];
          return () => {
            arrange(parent, children);
            arrange(parent, children.slice(count / 2));
          };
        };
      },
      classOf: async () => {
        // A module of its own for each try: it remembers what it has met.
        const fresh = Array.from({ length: 14 }, (_, at) => import(`/tally/resource_types.js?${at}`));
        const modules = await Promise.all(fresh);
        return (count) => {
          const { classOf } = modules.pop();
          return () => Array.from({ length: count }, (_, at) => classOf(`type ${at}`));
        };
      },
      topOf: async () => {
        const { topOf } = await import("/tally/overview_figures.js");
        return (count) => () => {
          let asked = 0;
          topOf(Array.from({ length: count }), 8, () => (asked += 1));
          if (asked > count) {
            throw new Error(`${asked} sizes of ${count}`);
          }
        };
      },
    };
    for (const [name, work] of Object.entries(works)) {
      const times = await growth(page, work, 8000);
      assert.ok(times < 24, `${name}: ${times}`);
    }
    await clean(page);
  });

  test("a page with very many names comes, and finds each of them", async () => {
    await own.site.sql(
      `insert into resource_usage_log (resource_type, detail)
      select 'ai', jsonb_build_object('tokens_in', 5, 'job_type', 'job number ' || at, 'model_level', 'level ' || at)
      from generate_series(1, %s) at`,
      NAMES,
    );
    const page = await open(own, "/admin/?days=1");
    assert.match(await counter(page, "kinds"), /of 40,\d{3}$/);
    await page.locator("[data-table=kinds] input[type=search], input[name=kinds-filter]").first().fill("number 39999");
    await page.waitForFunction(() => document.querySelectorAll("[data-table=kinds] tbody tr").length === 1);
    assert.equal((await table(page, "kinds")).rows[0][0], "job number 39999");
    await clean(page);
  });

  test("numbers beyond 2^53 beside very long texts", async () => {
    const page = await open(own, "/admin/");
    const read = await page.evaluate(async () => {
      const { parseJson } = await import("/tally/amounts.js");
      return ["x", "\\u0001", '\\"', "\\\\", "9"].map((piece) => {
        const text = piece.repeat(3_000_000);
        const { a, b, c } = parseJson(`{"a":12345678901234567890,"b":"${text}","c":[-98765432109876543210]}`);
        return [String(a), b === JSON.parse(`"${text}"`), String(c[0])];
      });
    });
    assert.deepEqual(read, Array(5).fill(["12345678901234567890", true, "-98765432109876543210"]));
    await clean(page);
  });

  test("a reply that would be too large is told as that, and not asked for again and again", async () => {
    const page = await own.browser.open(own.site, "admin");
    await page.clock.install();
    let asked = 0;
    await page.route("**/admin/usage?*", (route) => {
      asked += 1;
      return route.fulfill({
        status: 503,
        body: '{"error":"the reply would be larger than max_reply: ask for fewer days"}',
      });
    });
    await page.goto("/admin/");
    await settled(page, "failed");
    await page.locator(".fault[data-kind=large]").waitFor();
    const before = asked;
    await page.clock.runFor(300_000);
    assert.equal(asked, before);
    await clean(page, REFUSED);
  });

  test("no file has a formula in it, wherever a spreadsheet parts the cells", async () => {
    const page = await open(own, "/admin/");
    await compared(page);
    const formulas = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\uff1d1", "|x", "%x"];
    const before = ["", "a;", "a; ", "a\t", "a\n", "a\r\n", "a;;\t ", 'a;"', 'a"; ""', "\t", ";", " ;\u00a0", "a,b;"];
    const values = before.flatMap((start) => formulas.map((formula) => start + formula));
    const harmless = ["a;b", "a-b", "1;2", "a = b", 'a "= b"', "x\ty", "-"];
    const save = (rows) =>
      page.evaluate(async (given) => (await import("/tally/csv.js")).download("file.csv", given), rows);
    const { rows } = await downloaded(page, () =>
      save([["head"], ...[...values, ...harmless].map((one) => [one, -5, "b"])]),
    );
    rows.slice(0, values.length).forEach(([found, five], at) => {
      assert.equal(found.replaceAll("'", ""), values[at].replaceAll("'", ""));
      assert.equal(five, "-5");
    });
    assert.deepEqual(
      rows.slice(values.length).map(([found]) => found),
      [...harmless.slice(0, -1), "'-"],
    );
    const [file] = await Promise.all([page.waitForEvent("download"), save(values.map((one) => ["a", one, "b"]))]);
    const text = (await readFile(await file.path(), "utf8")).slice(1);
    for (const mark of [";", "\t"]) {
      for (const cell of text.split(/\r\n|\r|\n/).flatMap((line) => cellsOf(line, mark))) {
        assert.doesNotMatch(cell, /^[\s\p{Cc}"]*[=+\-@\uff1d|%]/u);
      }
    }
    const start = performance.now();
    await save([["\t".repeat(2_000_000), ";".repeat(2_000_000)]]);
    assert.ok(performance.now() - start < 20_000);
    await clean(page);
  });
});
