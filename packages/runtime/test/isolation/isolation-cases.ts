/**
 * What isolation means, as a table that every driver must pass. A case asserts codes, never texts, and looks at the
 * table behind row security where "0 rows" could have two reasons.
 */
import { expect } from "vitest";
import { tenancy } from "../../src/index.ts";
import { tenantA, tenantB, unknownTenant } from "./note-table.ts";
import type { Subject } from "./subject.ts";

/** One case. */
export interface IsolationCase {
  readonly name: string;
  run(subject: Subject): Promise<void>;
}

const count = "select count(*)::int as n, min(id) as first, max(id) as last from note";
const ofA = { n: 20, first: 1, last: 20 };
const ofB = { n: 20, first: 21, last: 40 };
const intact = { total: 40, a: 20, b: 20 };
const fails = async (work: Promise<unknown>, code: string): Promise<void> => {
  await expect(work).rejects.toMatchObject({ code });
};

export const isolationCases: readonly IsolationCase[] = [
  {
    name: "a tenant reads its own rows only, explicit or ambient",
    async run(subject) {
      expect((await subject.as(tenantA)(count)).rows).toEqual([ofA]);
      expect((await subject.as(tenantB)(count)).rows).toEqual([ofB]);
      expect((await tenancy.run(tenantB, () => subject.ambient(count))).rows).toEqual([ofB]);
      expect((await tenancy.run(tenantA, () => subject.ambient(count))).rows).toEqual([ofA]);
    },
  },
  {
    name: "a foreign id finds nothing, an own one does",
    async run(subject) {
      const byId = "select body from note where id = $1";
      expect((await subject.as(tenantA)(byId, [21])).rows).toEqual([]);
      expect((await subject.as(tenantB)(byId, [21])).rows).toEqual([{ body: "b21" }]);
    },
  },
  {
    name: "a row for another tenant is refused, with and without RETURNING",
    async run(subject) {
      const insert = "insert into note values ($1, $2, $3)";
      await fails(subject.as(tenantA)(insert, [tenantB, 900, "planted"]), "WT_ACCESS_DENIED");
      await fails(subject.as(tenantA)(`${insert} returning id`, [tenantB, 900, "planted"]), "WT_ACCESS_DENIED");
      expect(await subject.truth()).toEqual(intact);
    },
  },
  {
    name: "an own row is written, and can be taken away again",
    async run(subject) {
      expect(
        await subject.as(tenantA)("insert into note values ($1, $2, $3) returning id", [tenantA, 901, "own"]),
      ).toMatchObject({ rows: [{ id: 901 }], count: 1 });
      expect(await subject.truth()).toEqual({ total: 41, a: 21, b: 20 });
      expect((await subject.as(tenantB)("delete from note where id = $1", [901])).count).toBe(0);
      expect((await subject.as(tenantA)("delete from note where id = $1", [901])).count).toBe(1);
      expect(await subject.truth()).toEqual(intact);
    },
  },
  {
    name: "a foreign row can't be changed or stolen, an own row can't be given away",
    async run(subject) {
      expect((await subject.as(tenantA)("update note set body = $1 where id = $2", ["mine", 21])).count).toBe(0);
      expect((await subject.as(tenantA)("update note set tenant_id = $1", [tenantA])).count).toBe(20);
      await fails(subject.as(tenantA)("update note set tenant_id = $1 where id = 1", [tenantB]), "WT_ACCESS_DENIED");
      expect(await subject.truth()).toEqual(intact);
      expect((await subject.as(tenantB)("select body from note where id = 21")).rows).toEqual([{ body: "b21" }]);
    },
  },
  {
    name: "DELETE without WHERE takes own rows only",
    async run(subject) {
      await fails(
        subject.transaction(tenantA, async (run) => {
          expect((await run("delete from note")).count).toBe(20);
          throw Object.assign(new Error("undo"), { code: "UNDO" });
        }),
        "UNDO",
      );
      expect(await subject.truth()).toEqual(intact);
    },
  },
  {
    name: "without a tenant nothing runs",
    async run(subject) {
      await fails(subject.ambient(count), "WT_NO_TENANT");
      await fails(subject.ambient("insert into open_log values (1, 'x')"), "WT_NO_TENANT");
    },
  },
  {
    name: "an id of the wrong type is refused",
    async run(subject) {
      for (const wrong of ["1", "not-a-uuid", `${tenantA}'`, "", `${tenantA}\0`]) {
        await fails((async () => subject.as(wrong)(count))(), "WT_TENANT_INVALID");
      }
      await fails(
        tenancy.run("1", () => subject.ambient(count)),
        "WT_TENANT_INVALID",
      );
      // Another spelling is the same tenant.
      expect((await subject.as(tenantA.toUpperCase())(count)).rows).toEqual([ofA]);
    },
  },
  {
    name: "a tenant that nobody registered is refused, or has nothing",
    async run(subject) {
      const asked = subject.as(unknownTenant)(count);
      if (subject.level === "plain") expect((await asked).rows).toEqual([{ n: 0, first: null, last: null }]);
      else await fails(asked, "WT_TENANT_NOT_SERVED");
    },
  },
  {
    name: "an explicit tenant against another ambient one is refused",
    async run(subject) {
      await fails(
        tenancy.run(tenantB, async () => subject.as(tenantA)(count)),
        "WT_TENANT_MISMATCH",
      );
      await fails(
        subject.transaction(tenantA, (run) => tenancy.run(tenantB, () => run(count))),
        "WT_TENANT_MISMATCH",
      );
      expect((await tenancy.run(tenantA, async () => subject.as(tenantA)(count))).rows).toEqual([ofA]);
    },
  },
  {
    name: "the context is gone after an error, whatever the error",
    async run(subject) {
      const wrong = [
        "select 1/0",
        "selec 1",
        "select * from nowhere",
        "select 'x'::int",
        "insert into note select tenant_id, id, body from note limit 1",
      ];
      for (const text of wrong) {
        await expect(subject.as(tenantA)(text)).rejects.toMatchObject({ code: expect.stringMatching(/^[0-9A-Z]{5}$/) });
        expect((await subject.as(tenantB)(count)).rows).toEqual([ofB]);
        expect((await subject.as(tenantA)(count)).rows).toEqual([ofA]);
      }
    },
  },
  {
    name: "settings and cursors of one tenant do not reach the next",
    async run(subject) {
      for (let i = 0; i < 4; i++) {
        await subject.as(tenantA)(
          "select set_config('watertight.tenant', $1, false), set_config('watertight.ctx', $1, false), set_config('my.secret', $1, false)",
          [tenantA],
        );
        const seen = await subject.as(tenantB)(
          "select current_setting('my.secret', true) as secret, count(*)::int as n, min(id) as first from note",
        );
        expect(seen.rows).toEqual([{ secret: expect.not.stringMatching(/./) as unknown, n: 20, first: 21 }]);
      }
      await subject.transaction(tenantA, (run) => run("declare kept cursor with hold for select body from note"));
      for (let i = 0; i < 4; i++)
        await expect(subject.as(tenantB)("fetch all from kept")).rejects.toMatchObject({ code: "34000" });
    },
  },
  {
    name: "stacked statements are refused",
    async run(subject) {
      await fails(
        subject.as(tenantA)(`select 1; select set_config('watertight.tenant', '${tenantB}', true); select * from note`),
        "42601",
      );
      await fails(subject.as(tenantA)("commit; select 1"), "42601");
    },
  },
  {
    name: "COMMIT and ROLLBACK by hand end the context, not the isolation",
    async run(subject) {
      for (const text of ["commit", "rollback"]) {
        await subject
          .as(tenantA)(text)
          .catch(() => undefined);
        expect((await subject.as(tenantB)(count)).rows).toEqual([ofB]);
      }
      // Drivers differ in what follows (refused, no rows, a new context of the same tenant); none may show anybody else's.
      const after = await subject
        .transaction(tenantA, async (run) => {
          await run("commit");
          return run("select count(*)::int as others from note where id > 20");
        })
        .catch((error: { code?: string }) => error.code);
      if (typeof after === "object") expect(after.rows).toEqual([{ others: 0 }]);
      else expect(after).toMatch(/^WT_(CONTEXT_LOST|SCOPE_ENDED|ROLLED_BACK)$/);
    },
  },
  {
    name: "200 interleaved requests of two tenants: no wrong row",
    async run(subject) {
      const wrong: unknown[] = [];
      const own = (tenant: string, rows: readonly Record<string, unknown>[]): void => {
        if (rows.length !== 20 || rows.some((row) => row["tenant_id"] !== tenant)) wrong.push({ tenant, rows });
      };
      const all = "select tenant_id, id from note order by id";
      const work = Array.from({ length: 200 }, async (_, i) => {
        const tenant = i % 2 === 0 ? tenantA : tenantB;
        switch (i % 5) {
          case 0:
            return own(tenant, (await subject.as(tenant)(all)).rows);
          case 1:
            return own(tenant, (await tenancy.run(tenant, () => subject.ambient(all))).rows);
          case 2:
            return own(
              tenant,
              await subject.transaction(tenant, async (run) => (await run("select 1"), (await run(all)).rows)),
            );
          case 3:
            return fails(subject.as(tenant)("select 1/0"), "22012");
          default:
            return void (await subject.as(tenant)("update note set body = body where id = $1", [
              tenant === tenantA ? 3 : 23,
            ]));
        }
      });
      await Promise.all(work);
      expect(wrong).toEqual([]);
      expect(await subject.truth()).toEqual(intact);
    },
  },
];

/** The statement behind {@link Subject.truth}; run it as somebody whom row security does not bind. */
export const truthSql = `select count(*)::int as total, (count(*) filter (where tenant_id = '${tenantA}'))::int as a, (count(*) filter (where tenant_id = '${tenantB}'))::int as b from note`;
