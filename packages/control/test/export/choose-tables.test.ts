// Which tables an export takes: what is protected, each row once; what is not as the kit makes it stops it.
import { expect, test } from "vitest";
import { chooseTables } from "../../src/export/choose-tables.ts";
import { RowCounter } from "../../src/export/count-rows.ts";
import { fileOf } from "../../src/export/manifest.ts";
import type { Floor, TableFacts } from "../../src/export/table-facts.ts";

const floor = (more: Partial<Floor> = {}): Floor => ({
  name: "watertight_floor",
  using: "(tenant_id = ( SELECT (watertight.tenant_id())::uuid AS tenant_id))",
  whole: true,
  columns: ["tenant_id"],
  parents: [],
  ...more,
});
const table = (name: string, more: Partial<TableFacts> = {}): TableFacts => ({
  id: `public.${name}`,
  schema: "public",
  name,
  kind: "r",
  readable: true,
  rls: true,
  forced: true,
  extension: false,
  inherits: [],
  references: [],
  columns: [{ name: "tenant_id", type: "uuid", generated: false }],
  floors: [floor()],
  ofKit: true,
  ...more,
});
const plain = { floors: [], ofKit: false, rls: false, forced: false };
const none = { schema: undefined, shared: [], leaveOut: [] };
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test.each([
  ["row security is off", { rls: false }],
  ["row security is not forced", { forced: false }],
  ["the floor is gone", { floors: [] }],
  ["the floor is for some only", { floors: [floor({ whole: false })] }],
  ["the floor has a second way in", { floors: [floor({ using: `${floor().using} OR true` })] }],
  [
    "the table is only observed",
    { floors: [floor({ using: "CASE WHEN … ELSE watertight.observed('t'::regclass, x) END" })] },
  ],
  ["the floor asks for no context", { floors: [floor({ using: "true" })] }],
  ["the floor looks at no row", { floors: [floor({ using: "(watertight.tenant_id() IS NOT NULL)", columns: [] })] }],
  [
    "the floor rests on more than the tenant, so that no row can be looked at again",
    {
      floors: [
        floor({
          using: "((tenant_id IS NOT NULL) AND (kind <> watertight.tenant_id()))",
          columns: ["kind", "tenant_id"],
        }),
      ],
    },
  ],
  [
    "any row of the parent will do",
    { floors: [floor({ using: "EXISTS ( SELECT 1 FROM ok watertight_parent)", parents: ["public.ok"], columns: [] })] },
  ],
  [
    "the parent is open",
    { floors: [floor({ using: "EXISTS ( SELECT 1 FROM x watertight_parent)", parents: ["public.open"] })] },
  ],
  ["the reading login may not read it", { readable: false }],
] as const)("%s: nothing is exported", (_, wrong) => {
  const tables = [table("ok"), table("bad", wrong as Partial<TableFacts>), table("open", plain)];
  expect(codeOf(() => chooseTables(tables, none))).toBe("WT_EXPORT_UNPROTECTED");
  const { chosen, leftOut } = chooseTables(tables, { ...none, leaveOut: ["public.bad"] });
  expect([chosen.map(({ facts }) => facts.name), leftOut.map((each) => each.table)]).toEqual([
    ["ok"],
    ["public.bad", "public.open"],
  ]);
});

test("a quoted or is a value, not a way in", () => {
  const named = table("named", {
    floors: [floor({ using: `((kind = 'this OR that') AND (watertight.tenant_id() = "a OR b"))` })],
  });
  expect(chooseTables([named], none).chosen).toHaveLength(1);
});

test("what inherits is read through its parent, and columns that do not come along are told", () => {
  const child = table("child", {
    inherits: ["public.base"],
    columns: [...table("x").columns, { name: "extra", type: "text", generated: false }],
  });
  const { chosen, leftOut } = chooseTables([table("base"), child], none);
  expect(chosen.map(({ facts, tenantColumn }) => [facts.name, tenantColumn])).toEqual([["base", "tenant_id"]]);
  expect(leftOut[0]?.why).toContain("extra");
});

test("a shared table has no tenant's rows", () => {
  const shared = (more: Partial<TableFacts>) => () =>
    chooseTables([table("ok"), table("plans", { ...plain, columns: [], ...more })], { ...none, shared: ["plans"] });
  expect(codeOf(shared({}))).toBe("done");
  for (const more of [
    { columns: table("x").columns },
    { references: ["public.ok"] },
    { readable: false },
    { extension: true },
  ])
    expect(codeOf(shared(more))).toBe("WT_EXPORT_UNPROTECTED");
  expect(codeOf(() => chooseTables([table("ok")], { ...none, shared: ["nowhere"] }))).toBe("WT_CATALOG_NOT_FOUND");
});

test("in a tenant's schema every table has the schema's floor", () => {
  const mine = (name: string, more: Partial<TableFacts>) => table(name, { schema: "t_1", id: `t_1.${name}`, ...more });
  const own = floor({
    name: "watertight_schema_floor",
    using: "(( SELECT watertight.tenant_id() AS tenant_id) = 'x'::text)",
    columns: [],
  });
  expect(chooseTables([mine("a", { floors: [own] })], { ...none, schema: "t_1" }).chosen).toHaveLength(1);
  expect(codeOf(() => chooseTables([mine("a", plain)], { ...none, schema: "t_1" }))).toBe("WT_EXPORT_UNPROTECTED");
});

test("rows are counted whatever the values hold; names of files are plain", () => {
  const counter = new RowCounter();
  for (const part of ['a,b\n1,"x\n', 'y""\n"\n2', ",\n"]) counter.add(Buffer.from(part));
  expect([counter.rows, counter.whole]).toEqual([2, true]);
  counter.add(Buffer.from('3,"'));
  expect(counter.whole).toBe(false);
  expect(fileOf(0, "public", "../../Ünïcode / x")).toMatch(/^0001_public\.[a-z0-9_.-]+\.csv$/);
});

test("the ledger of migrations in a tenant's schema is nobody's data, and named as left out", () => {
  const own = { schema: "t_acme", floors: [floor({ name: "watertight_schema_floor", columns: [] })] };
  const ledger = table("watertight_release_ledger", {
    ...plain,
    id: "t_acme.ledger",
    schema: "t_acme",
    readable: false,
  });
  const { chosen, leftOut } = chooseTables([table("projects", { ...own, id: "t_acme.projects" }), ledger], {
    ...none,
    schema: "t_acme",
  });
  expect(chosen.map(({ facts }) => facts.name)).toEqual(["projects"]);
  expect(leftOut).toMatchObject([{ table: "t_acme.watertight_release_ledger" }]);
  // a table of that name anywhere else is a table
  const other = table("watertight_release_ledger", { floors: [], ofKit: true });
  expect(codeOf(() => chooseTables([other], none))).toBe("WT_EXPORT_UNPROTECTED");
});
