// Advice: what must hold is never ranked as met where it does not, the cheapest that fits comes first, and every figure stands in the file that is cited.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { adviseModel, type TenancyNeed } from "../../src/advise/advise.ts";
import { figures, hitRates } from "../../src/advise/figures.ts";
import type { Model } from "../../src/catalog/tenants.ts";

const order = (need: TenancyNeed): Model[] => adviseModel(need).ranking.map(({ model }) => model);
const fitting = (need: TenancyNeed): Model[] =>
  adviseModel(need).ranking.flatMap(({ model, fits }) => (fits ? [model] : []));

test("every figure stands in the file that is cited", async () => {
  for (const { source, words } of [...Object.values(figures), ...hitRates]) {
    const text = await readFile(new URL(`../../../../${source}`, import.meta.url), "utf8");
    expect([source, words, text.replaceAll(/\s+/g, " ").includes(words)]).toEqual([source, words, true]);
  }
});

describe("which models meet a need", () => {
  test.each<[Omit<TenancyNeed, "tenants">, Model[]]>([
    [{}, ["pool", "silo", "schema", "database"]],
    [{ prefer: "isolation" }, ["database", "silo", "schema", "pool"]],
    [{ ownCredentials: true }, ["database"]],
    [{ ownKeys: true }, ["database"]],
    [{ ownBackups: true }, ["schema", "database"]],
    [{ ownTables: true, prefer: "isolation" }, ["database", "schema"]],
    [{ ownExtensions: true }, ["database"]],
    [{ ownServer: true, groups: 400 }, ["silo", "database"]],
    [{ regions: 3, groups: 4 }, ["pool", "schema", "silo", "database"]],
  ])("%j", (need, expected) => expect(fitting({ tenants: 400, ...need })).toEqual(expected));
});

test("what does not fit is listed behind what does, with what is missing", () => {
  const { ranking } = adviseModel({ tenants: 10, ownCredentials: true, ownBackups: true });
  expect(ranking[0]).toMatchObject({ model: "database", fits: true });
  expect(order({ tenants: 10, ownCredentials: true, ownBackups: true })[1]).toBe("schema");
  for (const { fits, reasons } of ranking) expect(reasons.some(({ verdict }) => verdict === "unmet")).toBe(!fits);
});

test("caps count at 80 %", () => {
  const cells = (tenants: number) =>
    Object.fromEntries(
      adviseModel({ tenants }).ranking.map(({ model, cells: n, databases }) => [model, [n, databases]]),
    );
  expect(cells(800)).toEqual({ pool: [1, 1], silo: [1, 1], schema: [1, 1], database: [1, 800] });
  expect(cells(801)).toEqual({ pool: [1, 1], silo: [1, 1], schema: [1, 2], database: [2, 801] });
});

test.each<TenancyNeed>([{ tenants: 0 }, { tenants: 1.5 }, { tenants: 3, groups: 4 }, { tenants: 3, connections: -1 }])(
  "%j is refused",
  (need) => expect(() => adviseModel(need)).toThrow(expect.objectContaining({ code: "WT_CATALOG_INPUT" })),
);
