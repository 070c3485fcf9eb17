import { describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";
import { attackSchema } from "../../src/matrix/attack-schema.ts";
import { attackGround } from "./attack-ground.ts";
import { cleanShop } from "./shop.ts";

describeServers((server) => {
  test("clean", async () => {
    const ground = await attackGround(server, cleanShop);
    try {
      console.log(
        JSON.stringify(ground.facts.understanding.tables.map((t) => [t.relation.name, t.tenancy])),
        JSON.stringify(ground.facts.understanding.context),
        JSON.stringify(ground.facts.understanding.roles),
      );
      const t = Date.now();
      const matrix = await attackSchema(ground.server, ground.facts, { seed: "x" });
      console.log(Date.now() - t, "ms", matrix.attempts);
      const rows = new Map<string, string[]>();
      for (const c of matrix.cells) rows.set(c.table.name, [...(rows.get(c.table.name) ?? []), c.verdict]);
      for (const [n, v] of rows) console.log(n.padEnd(12), v.join(" "));
      for (const c of matrix.cells)
        if (c.verdict !== "BLOCKED")
          console.log(
            c.table.name,
            c.column,
            c.verdict,
            c.reason,
            c.attempts.filter((a) => a.result === "leaked").map((a) => [a.vector, a.name, a.evidence]),
          );
      console.log(
        matrix.notes.map((n) => n.vector + " " + n.text),
        matrix.seeded.filter((s) => s.problem),
      );
      expect(1).toBe(1);
    } finally {
      await ground.drop();
    }
  });
});
