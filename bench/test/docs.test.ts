// docs/performance.md and the README may quote nothing but the committed results. UPDATE_DOCS=1 copies them into the pages.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Report } from "../src/hot-path/result.ts";
import { type CheckBenchReport, checkTable, phaseTable } from "../src/report/check-report.ts";
import { goalTable } from "../src/report/goal-table.ts";
import { extraTable, summary } from "../src/report/hot-path-report.ts";
import { type RlsReport, shapeTable } from "../src/report/rls-report.ts";
import { markdownTable } from "../src/report/text-table.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../results/${name}.json`, import.meta.url), "utf8"));
// measured on a quiet machine only: until then the page says how to
const check = existsSync(new URL("../results/check-pg18.json", import.meta.url))
  ? (read("check-pg18") as CheckBenchReport)
  : undefined;
const hotPath = read("hot-path-pg18") as Report;
const rls = read("rls-pg18") as RlsReport;
const ratio = (variant: string, name: string, transport: string): string => {
  const found = hotPath.results.find(
    (each) =>
      each.driver === "pg" &&
      each.variant === variant &&
      each.case === name &&
      each.transport === transport &&
      each.connections === 1,
  );
  return found!.ratio!.toFixed(2);
};
const cost = [
  ["variant", "point, loopback", "list, loopback", "point, 1 ms each way", "round trips"],
  ...["awaited", "plain", "sealed"].map((variant) => [
    variant === "awaited" ? "the usual recipe: BEGIN, set_config, query, COMMIT" : `Watertight, level ${variant}`,
    ratio(variant, "point", "raw"),
    ratio(variant, "list", "raw"),
    ratio(variant, "point", "delay1ms"),
    variant === "awaited" ? "4" : "1",
  ]),
];
const pages: Record<string, Record<string, string>> = {
  "docs/performance.md": {
    "hot-path-pg18": `${markdownTable(goalTable(hotPath.goals))}\n\n${summary(hotPath)}`,
    "extras-pg18": markdownTable(extraTable(hotPath.extras)),
    "rls-pg18": markdownTable(shapeTable(rls.results)),
    "check-pg18":
      check === undefined
        ? "Not measured on a quiet machine yet."
        : [checkTable(check.results), phaseTable(check.results), goalTable(check.goals)]
            .map(markdownTable)
            .join("\n\n"),
  },
  "README.md": {
    "cost-pg18": cost
      .flatMap((row, i) => [`| ${row.join(" | ")} |`, ...(i === 0 ? ["|---|---|---|---|---|"] : [])])
      .join("\n"),
  },
};

const fill = (text: string, blocks: Record<string, string>): string =>
  Object.entries(blocks).reduce((all, [name, table]) => {
    const [start, end] = [`<!-- ${name} -->\n`, "<!-- end -->"];
    const from = all.indexOf(start);
    expect(from, `${name} has a place on the page`).toBeGreaterThan(0);
    return all.slice(0, from + start.length) + table + "\n" + all.slice(all.indexOf(end, from));
  }, text);

test.each(Object.keys(pages))("%s quotes the committed results", (name) => {
  const page = new URL(`../../${name}`, import.meta.url);
  const text = readFileSync(page, "utf8");
  if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, fill(text, pages[name]!));
  expect(readFileSync(page, "utf8")).toBe(fill(text, pages[name]!));
});

test("results carry what they were measured on", () => {
  for (const { machine, versions, date } of [hotPath, rls, ...(check === undefined ? [] : [check])]) {
    expect(machine.cpu).not.toBe("");
    expect(versions.commit).toMatch(/^[0-9a-f]{12}\+?$/);
    expect(Number.isNaN(Date.parse(date))).toBe(false);
  }
});
