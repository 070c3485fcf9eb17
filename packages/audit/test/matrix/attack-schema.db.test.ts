// The clean shop holds: every cell is blocked with its proof, exempt or has no meaning. And one hole leaks exactly where it was made.
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { attackSchema } from "../../src/matrix/attack-schema.ts";
import type { Matrix } from "../../src/matrix/matrix.ts";
import { attackGround } from "./attack-ground.ts";
import { cleanShop } from "./shop.ts";

/** The verdicts of each table, in the order of the columns, with why there is nothing to try where there is not. */
function verdictsOf({ cells }: Matrix): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  for (const { table, verdict } of cells) (rows[table.name] ??= []).push(verdict);
  return rows;
}

describeServers((server) => {
  const attacked = async (sql: string): Promise<Matrix> => {
    const ground = await attackGround(server, sql);
    try {
      return await attackSchema(ground.server, ground.facts, { seed: "shop" });
    } finally {
      await ground.drop();
    }
  };

  test("the clean shop is blocked in every cell that has a meaning, and every block was seen to bite", async () => {
    const matrix = await attacked(cleanShop);
    const [yes, none, all] = ["BLOCKED", "N/A", "EXEMPT"];
    expect(verdictsOf(matrix)).toEqual({
      // read, insert, update, reassign, delete, truncate, fk-probe, unique-probe, side-door
      events: [yes, yes, yes, yes, yes, yes, none, yes, yes],
      invoices: [yes, yes, yes, yes, yes, yes, yes, yes, yes],
      plans: [all, all, all, all, all, all, all, all, all],
      projects: [yes, yes, yes, yes, yes, yes, none, yes, none],
      tenants: [yes, none, yes, none, yes, yes, none, none, none],
    });
    expect(
      matrix.cells.flatMap(({ table, column, verdict, reason, attempts }) =>
        verdict === "BLOCKED" && (reason !== null || !attempts.some(({ result }) => result === "blocked"))
          ? [[table.name, column, reason]]
          : [],
      ),
      "blocked by an attack, without a channel left",
    ).toEqual([]);
    const attempts = matrix.cells.flatMap((cell) => cell.attempts);
    expect(attempts.length).toBeGreaterThan(100);
    expect(new Set(attempts.map(({ result }) => result))).toEqual(new Set(["blocked"]));
    expect(attempts.filter(({ bites, proof }) => bites !== true || proof === null)).toEqual([]);
    expect(new Set(attempts.map(({ connection }) => connection))).toEqual(new Set(["fresh", "reused"]));
  });

  test("every table of a tenant is seeded for both, and the notes say what every such design has", async () => {
    const matrix = await attacked(cleanShop);
    expect(matrix.seeded.map(({ table, rows, problem }) => [table.name, rows >= 2, problem])).toEqual([
      ["events", true, null],
      ["invoices", true, null],
      ["projects", true, null],
      ["tenants", true, null],
    ]);
    expect(matrix.notes.map(({ vector, text }) => `${vector} ${text}`)).toEqual([
      expect.stringMatching(
        /^C8 whoever can run SQL as the application role can name any tenant: \d+ rows of tenant B$/,
      ),
      "F4 shop.events: 1 partitions were attacked one by one, 1 were not.",
    ]);
  });

  test("what only a partition gives away is a side door of its table", async () => {
    const matrix = await attacked(`${cleanShop}grant truncate on shop.events_2026 to shop_app;`);
    const leaks = matrix.cells.filter(({ verdict }) => verdict === "LEAK");
    expect(leaks.map(({ table, column }) => `${table.name} ${column}`)).toEqual(["events side-door"]);
    expect(
      leaks[0]!.attempts.filter(({ result }) => result === "leaked").map(({ vector, table }) => [vector, table.name]),
    ).toContainEqual(["F1", "events_2026"]);
  });

  test("one policy that is always true leaks at its table, wherever its rows can be reached, and nowhere else", async () => {
    const matrix = await attacked(`${cleanShop}create policy everybody on shop.invoices using (true);`);
    const leaks = matrix.cells.filter(({ verdict }) => verdict === "LEAK");
    expect(leaks.map(({ table, column }) => `${table.name} ${column}`)).toEqual([
      "invoices read",
      "invoices insert",
      "invoices update",
      "invoices reassign",
      "invoices delete",
      "invoices side-door",
    ]);
    const [read] = leaks;
    expect(read!.attempts.filter(({ result }) => result === "leaked").map(({ evidence }) => evidence)).toContainEqual(
      expect.stringMatching(/rows of tenant B/),
    );
    const others = matrix.cells.filter(({ table }) => table.name !== "invoices");
    expect(others.filter(({ verdict }) => !["BLOCKED", "EXEMPT", "N/A"].includes(verdict))).toEqual([]);
  });
});
