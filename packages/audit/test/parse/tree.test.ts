import { describe, expect, test } from "vitest";
import {
  functionsIn,
  nameOf,
  optionOf,
  relationOf,
  relationsIn,
  roleOf,
  rolesIn,
  textOf,
  typeNameOf,
} from "../../src/parse/names.ts";
import { parse } from "../../src/parse/parser.ts";
import { walkTree } from "../../src/parse/tree.ts";

async function treeOf(sql: string) {
  const { trees } = await parse(sql);
  if (trees?.[0] === undefined) throw new Error(sql);
  return trees[0];
}

describe("walkTree", () => {
  test("visits nodes with and without their type, parents first", async () => {
    const seen: string[] = [];
    walkTree(await treeOf("create policy p on a.t to app using (b = (select c from d))"), (type, node, parents) => {
      if (type === "RangeVar") seen.push(`${parents.join(">")} ${node["relname"]}`);
    });
    expect(seen).toEqual(["CreatePolicyStmt t", "CreatePolicyStmt>A_Expr>SubLink>SelectStmt d"]);
  });

  test("stays out where told", async () => {
    const seen: string[] = [];
    walkTree(await treeOf("select a from b where exists (select c from d)"), (type, node) => {
      if (type === "ColumnRef") seen.push(nameOf(node["fields"]).name);
      return type !== "SubLink";
    });
    expect(seen).toEqual(["a"]);
  });

  test("has no limit of depth", async () => {
    let terms = 0;
    walkTree(await treeOf(`select ${"1+".repeat(4000)}1`), (type) => {
      if (type === "A_Const") terms += 1;
    });
    expect(terms).toBe(4001);
  });
});

describe("names", () => {
  const relations: [sql: string, names: string[]][] = [
    ["alter table only a.p attach partition b.q for values in (1)", ["a.p", "b.q"]],
    ["create table t (a int references b.u (id), foreign key (a) references v) inherits (w)", ["t", "w", "b.u", "v"]],
    [
      "create view v as with q as (select 1 from a) select * from q join b.q on true union select * from c",
      ["v", "a", "b.q", "c"],
    ],
    ["merge into t using s.u on true when matched then delete", ["t", "s.u"]],
    ["create publication p for table a.b, c", ["a.b", "c"]],
    ["create trigger x after insert on t for each row execute function f()", ["t"]],
    ["create materialized view a.m as select 1 from t, t", ["a.m", "t"]],
    ["create foreign table f (a int) server s", ["f"]],
  ];
  test.each(relations)("of relations: %s", async (sql, expected) => {
    const found = relationsIn(await treeOf(sql)).map(({ schema, name }) =>
      schema === null ? name : `${schema}.${name}`,
    );
    expect(found.toSorted()).toEqual(expected.toSorted());
  });

  const roles: [sql: string, names: string[]][] = [
    ["create role app in role x", ["app", "x"]],
    ["grant select on t to app, public granted by current_user", ["app", "public", "current_user"]],
    ["alter default privileges for role o grant select on tables to app", ["o", "app"]],
    ["alter role current_role set a = 'b'", ["current_role"]],
    ["create policy p on t to session_user", ["session_user"]],
    ["alter table t owner to o", ["o"]],
  ];
  test.each(roles)("of roles: %s", async (sql, expected) => {
    expect(rolesIn(await treeOf(sql)).toSorted()).toEqual(expected.toSorted());
  });

  test("of functions called", async () => {
    const tree = await treeOf("create policy p on t using (a = auth.uid() and lower(b) = lower(c))");
    expect(functionsIn(tree)).toEqual([
      { schema: "auth", name: "uid" },
      { schema: null, name: "lower" },
    ]);
  });

  test("of one relation", async () => {
    const { AlterTableStmt: altered } = await treeOf("alter table a.b add c int");
    expect(relationOf(altered.relation)).toEqual({ schema: "a", name: "b" });
    expect(relationOf(undefined)).toEqual({ schema: null, name: "" });
  });

  test("of types, options and texts", async () => {
    const { CreateFunctionStmt: made } = await treeOf(
      "create function a.f(b x.y[], c int default '') returns int security definer language sql as 'select 1'",
    );
    const types = made.parameters.map((node: { FunctionParameter: { argType: object } }) =>
      typeNameOf(node.FunctionParameter.argType),
    );
    expect(types).toEqual([
      { schema: "x", name: "y[]" },
      { schema: null, name: "int4" },
    ]);
    expect(nameOf(made.funcname)).toEqual({ schema: "a", name: "f" });
    expect(textOf(optionOf(made.options, "language"))).toBe("sql");
    expect(optionOf(made.options, "security")).toEqual({ Boolean: { boolval: true } });
    expect(optionOf(made.options, "leakproof")).toBeUndefined();
    expect(textOf(made.parameters[1].FunctionParameter.defexpr)).toBe("");
    expect(roleOf(undefined)).toBe("");
  });
});
