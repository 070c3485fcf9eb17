// Understanding holds together whatever the schema: it never throws, never names a column that is not there, never goes in a circle.
import type { Relation, Snapshot } from "@watertight/schema";
import { propertyRun } from "@watertight/testkit";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { loadParser } from "../../src/understand/sql/parser.ts";
import type { Understanding } from "../../src/understand/understanding.ts";
import { understand } from "../../src/understand/understand.ts";
import { describeUnderstanding } from "./describe-understanding.ts";
import { column, foreign, policy, primary, role, routine, snapshot, table } from "./plain-snapshot.ts";

beforeAll(loadParser);

/** What must hold of every answer. */
function check(given: Snapshot, answer: Understanding): void {
  const tables = given.relations.filter((each) => ["r", "p", "f"].includes(each.kind));
  const find = (name: { schema: string; name: string }): Relation | undefined =>
    tables.find((each) => each.schema === name.schema && each.name === name.name);
  const columnsOf = (name: { schema: string; name: string }): string[] =>
    find(name)?.columns.map((each) => each.name) ?? [];
  expect(answer.tables.map((each) => each.relation)).toEqual(tables.map(({ schema, name }) => ({ schema, name })));
  for (const { relation, tenancy, evidence } of answer.tables) {
    expect(evidence.because.length).toBeGreaterThan(0);
    for (const sentence of evidence.because) expect(sentence).not.toMatch(/undefined|\[object/);
    if (tenancy.kind === "column" || tenancy.kind === "tenants") expect(columnsOf(relation)).toContain(tenancy.column);
    // a chain ends at a table with a tenant of its own
    const seen = new Set<string>();
    for (let at = relation, now = tenancy; now.kind === "derived";) {
      expect(seen).not.toContain(at.name);
      seen.add(at.name);
      expect(columnsOf(at)).toEqual(expect.arrayContaining([...now.columns]));
      expect(columnsOf(now.parent)).toEqual(expect.arrayContaining([...now.parentColumns]));
      expect(now.columns.length).toBe(now.parentColumns.length);
      at = now.parent;
      now = answer.tables.find((each) => find(each.relation) === find(at))!.tenancy;
      expect(["column", "tenants", "derived"]).toContain(now.kind);
    }
  }
  for (const { relation, userColumn, tenantColumn } of answer.memberships)
    expect(columnsOf(relation)).toEqual(expect.arrayContaining([userColumn, tenantColumn]));
  for (const each of answer.roles) expect(given.roles.map(({ name }) => name)).toContain(each.name);
}

const names = ["tenants", "users", "members", "projects", "tasks", "org", "x", "teams", "notes"];
const columns = ["id", "tenant_id", "user_id", "org_id", "project_id", "parent_id", "owner", "thing_type", "thing_id"];
const anyColumn = fc.constantFrom(...columns);
const anyTable = fc.constantFrom(...names);
const values = fc.oneof(
  anyColumn,
  fc.constantFrom(
    "auth.uid()",
    "current_user",
    "(select nullif(current_setting('app.tenant_id', true), ''))::uuid",
    "((auth.jwt() -> 'app_metadata') ->> 'org_id')::uuid",
    "current_setting('app.user_id')::uuid",
    "public.helper(id)",
    "public.helper(public.looped(tenant_id))",
    "'constant'",
    "null",
    "$1",
  ),
);
const expressions = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(values, fc.constantFrom("=", "<>", "in", "= any"), values)
      .map(([left, sign, right]) =>
        sign === "=" || sign === "<>" ? `(${left} ${sign} ${right})` : `(${left} ${sign} (select ${right}))`,
      ),
    fc
      .tuple(tie("any"), fc.constantFrom("and", "or"), tie("any"))
      .map(([left, word, right]) => `(${left} ${word} ${right})`),
    fc.tuple(anyTable, tie("any")).map(([from, where]) => `(exists (select 1 from public.${from} m where ${where}))`),
    fc
      .tuple(anyColumn, anyColumn, anyTable, anyTable, tie("any"))
      .map(
        ([left, using, one, other, where]) =>
          `(${left} in (with w as (select * from ${one}) select w.${using} from w join public.${other} o using (${using}) where ${where}))`,
      ),
    fc.constantFrom("true", "((", "this is no SQL", "case when true then false end", "a.b.c.d = 1"),
  ),
}));

const schemas = fc
  .record({
    tables: fc.uniqueArray(
      fc.record({ name: anyTable, columns: fc.uniqueArray(anyColumn, { minLength: 1 }), nullable: fc.boolean() }),
      { selector: ({ name }) => name, minLength: 1 },
    ),
    keys: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()), { maxLength: 12 }),
    policies: fc.array(fc.tuple(fc.nat(), expressions.any), { maxLength: 6 }),
    bodies: fc.tuple(expressions.any, fc.constantFrom("sql", "plpgsql", "c")),
  })
  .map(({ tables, keys, policies, bodies: [body, language] }): Snapshot => {
    const relations = tables.map(({ name, columns: own, nullable }) =>
      table(
        name,
        own.map((each) => column(each, each === "owner" ? "text" : "uuid", { notNull: !nullable })),
      ),
    );
    const pick = <T>(list: readonly T[], at: number): T => list[at % list.length]!;
    return snapshot({
      relations,
      roles: [role("owner", { login: false }), role("app")],
      constraints: [
        ...relations.map((each) => primary(each, each.columns[0]!.name)),
        ...keys.map(([child, from, parent, to]) =>
          foreign(pick(relations, child), [pick(pick(relations, child).columns, from).name], pick(relations, parent), [
            pick(pick(relations, parent).columns, to).name,
          ]),
        ),
      ],
      policies: policies.map(([on, text], at) => policy(pick(relations, on), text, `p${at}`)),
      routines: [
        routine("helper", language, language === "plpgsql" ? `begin return (${body}); end` : `select ${body}`),
        routine("looped", "sql", "select public.looped(public.helper(x))"),
      ],
    });
  });

describe("any schema", () => {
  test("is understood without contradiction, and always alike", () => {
    fc.assert(
      fc.property(schemas, (given) => {
        const answer = understand(given);
        check(given, answer);
        expect(understand(structuredClone(given))).toEqual(answer);
      }),
      propertyRun(400),
    );
  });
});

test("500 tables are understood", () => {
  const tenants = table("tenants", [column("id")]);
  const users = table("users", [column("id"), column("email", "text")]);
  const many = Array.from({ length: 500 }, (_, at) =>
    table(`table_${at}`, [
      ...["tenant_id", "id", "parent_id", "created_by"].map((name) => column(name)),
      ...Array.from({ length: 12 }, (_unused, each) => column(`column_${each}`, "text")),
    ]),
  );
  const given = snapshot({
    relations: [tenants, users, ...many],
    constraints: [
      primary(tenants, "id"),
      primary(users, "id"),
      ...many.flatMap((each, at) => [
        primary(each, "tenant_id", "id"),
        foreign(each, ["created_by"], users, ["id"]),
        ...(at % 2 === 0 ? [foreign(each, ["tenant_id"], tenants, ["id"])] : []),
        ...(at > 0 ? [foreign(each, ["tenant_id", "parent_id"], many[at - 1]!, ["tenant_id", "id"])] : []),
      ]),
    ],
    policies: many.map((each) =>
      policy(each, `(tenant_id = (select nullif(current_setting('app.tenant_id', true), ''))::uuid)`),
    ),
  });
  const { tables } = understand(given);
  expect(tables.filter(({ tenancy }) => tenancy.kind === "column" && tenancy.column === "tenant_id")).toHaveLength(500);
});

test("helpers that call helpers are followed, and come to an end", () => {
  const tenants = table("tenants", [column("id")]);
  const orders = table("orders", [column("id"), column("tenant_id")]);
  const calls = (at: number): string => Array.from({ length: 6 }, () => `public.h${at}(x)`).join(", ");
  const given = snapshot({
    relations: [tenants, orders],
    constraints: [primary(tenants, "id"), foreign(orders, ["tenant_id"], tenants, ["id"])],
    policies: [policy(orders, "tenant_id = public.h0(id)")],
    routines: Array.from({ length: 10 }, (_, at) =>
      routine(
        `h${at}`,
        "sql",
        at === 9 ? "select current_setting('app.t')::uuid" : `select coalesce(${calls(at + 1)})`,
      ),
    ),
  });
  const before = process.cpuUsage();
  const answer = understand(given);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000);
  expect(describeUnderstanding(answer).tables).toEqual({ tenants: "tenants id", orders: "column tenant_id" });
});
