/** The isolation table over a fleet, in every model and at every level. */
import { describeServers } from "@watertight/testkit";
import type pg from "pg";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { FleetPool } from "../../../src/fleet/index.ts";
import { isolationCases, truthSql } from "../../isolation/isolation-cases.ts";
import type { Outcome, Subject } from "../../isolation/subject.ts";
import { fleetGround, type FleetGround, type Level, type Model, tenantA } from "./fleet-ground.ts";

const outcome = ({ rows, rowCount }: { rows: unknown[]; rowCount: number | null }): Outcome => ({
  rows: rows as Record<string, unknown>[],
  count: rowCount ?? 0,
});

interface Truth {
  total: number;
  a: number;
  b: number;
}

describeServers((server) => {
  describe.each<Level>(["plain", "sealed", "hostile"])("level %s", (level) => {
    let ground: FleetGround;
    beforeAll(async () => {
      ground = await fleetGround(server, level);
    });
    afterAll(() => ground.close());

    describe.each<Model>(["pool", "schema", "database"])("model %s", (model) => {
      let pool: pg.Pool & FleetPool<pg.Client>;
      let subject: Subject;
      beforeAll(() => {
        pool = ground.fleet(model, { budget: 3 });
        const { A, B } = ground.databases;
        const truth = async (): Promise<Truth> => {
          if (model !== "database") return (await ground.databases[model].admin.query<Truth>(truthSql)).rows[0]!;
          // Each one is asked for its own tenant's rows; a foreign row would be too many in the total.
          const [a, b] = await Promise.all([A, B].map(async (db) => (await db.admin.query<Truth>(truthSql)).rows[0]!));
          return { total: a!.total + b!.total - a!.b - b!.a, a: a!.a, b: b!.b };
        };
        subject = {
          level,
          as: (tenant) => async (text, values) => outcome(await pool.for(tenant).query(text, values)),
          ambient: async (text, values) => outcome(await pool.query(text, values as unknown[])),
          transaction: (tenant, fn) =>
            pool.for(tenant).transaction((tx) => fn(async (text, values) => outcome(await tx.query(text, values)))),
          truth,
        };
      });

      test.each(isolationCases)("$name", ({ run }) => run(subject));
      test("both ways in find the same tenant's table", async ({ expect }) => {
        expect((await pool.for(tenantA).query("select count(*)::int as n from note")).rows).toEqual([{ n: 20 }]);
      });
    });
  });
});
