// Organisations of Supabase: the clean schema is blocked in every cell, with proofs; each spoiled one leaks in the cell that it must.
import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { attackSchema } from "../../src/matrix/attack-schema.ts";
import { attackGround, supabaseBase } from "./attack-ground.ts";
import { cleanOrg, spoiledOrg } from "./org.ts";

describeServers((server) => {
  test("clean: everything is blocked, exempt or has no meaning, and every block was proved", async () => {
    const ground = await attackGround(server, (await supabaseBase()) + cleanOrg);
    try {
      const matrix = await attackSchema(ground.server, ground.facts, { seed: "org" });
      expect(
        matrix.cells.flatMap(({ table, column, verdict, reason }) =>
          ["BLOCKED", "EXEMPT", "N/A"].includes(verdict) ? [] : [`${table.name} ${column} ${verdict} ${reason}`],
        ),
      ).toEqual([]);
      const attempts = matrix.cells.flatMap((cell) => cell.attempts);
      expect(attempts.filter(({ result, bites }) => result === "blocked" && bites !== true)).toEqual([]);
      expect(new Set(attempts.map(({ role }) => role)).size).toBe(2);
      expect(matrix.attempts).toBeGreaterThan(150);
      expect(matrix.seeded.filter(({ problem }) => problem !== null)).toEqual([]);
      expect(matrix.notes.map(({ vector }) => vector)).toContain("C8");
    } finally {
      await ground.drop();
    }
  });

  for (const { name, sql, table, column, vector, evidence } of spoiledOrg)
    test(name, async () => {
      const ground = await attackGround(server, (await supabaseBase()) + cleanOrg + sql);
      try {
        const matrix = await attackSchema(ground.server, ground.facts, { seed: "org" });
        const cell = matrix.cells.find((each) => each.table.name === table && each.column === column);
        const leaked = cell?.attempts.filter(({ result }) => result === "leaked") ?? [];
        expect(leaked.map((attempt) => [attempt.vector, attempt.evidence])).toContainEqual([
          vector,
          expect.stringMatching(evidence),
        ]);
        expect(cell?.verdict).toBe("LEAK");
      } finally {
        await ground.drop();
      }
    });
});
