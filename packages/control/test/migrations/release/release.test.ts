// Files become a release: scopes, checksums, steps, locks, versions. Read by the audit's parser, from a temporary folder.
import {
  filesFor,
  makeRelease,
  positionOf,
  readVersion,
  refuseChanges,
  schemaVersion,
  type SourceMigration,
} from "@watertight/control";
import { describe, expect, test } from "vitest";
import { releaseOf } from "../support/project.ts";

const one = async (sql: string) => (await releaseOf({ "0001_one.sql": sql })).files[0]!;
const shape = async (sql: string): Promise<string[]> =>
  (await one(sql)).steps.map((step) =>
    step.kind === "alone" ? `alone ${step.action.what}` : step.statements.map(({ type }) => type).join(" "),
  );

describe("scopes", () => {
  test("come from the head of the file, then from the folder, then from the default", async () => {
    const files = {
      "0001_a.sql": "-- about\n-- watertight: scope=tenant\ncreate table a (id int);",
      "0002_b.sql": "/* long\ncomment */\n  -- watertight: scope = catalog, pool\ncreate table b (id int);",
      "0003_c.sql": "create table c (id int);\n-- watertight: scope=catalog",
    };
    const release = await releaseOf(files);
    expect(release.files.map(({ scopes }) => scopes.join())).toEqual(["tenant", "pool,catalog", "pool,tenant"]);
    expect(filesFor(release, "tenant").map(({ position }) => position)).toEqual([1, 3]);
    const byFolder = await releaseOf(files, { folders: { migrations: ["catalog"] } });
    expect(byFolder.files.map(({ scopes }) => scopes.join())).toEqual(["tenant", "pool,catalog", "catalog"]);
    await expect(
      releaseOf({ "0001_a.sql": "-- watertight: scope=tenants\ncreate table a (id int);" }),
    ).rejects.toMatchObject({
      code: "WT_MIGRATION_SCOPE",
    });
  });
});

describe("steps", () => {
  test.each<[string, string[]]>([
    ["begin; create table a (id int); create table b (id int); commit;", ["CreateStmt CreateStmt"]],
    ["create table a (id int); commit; begin; create table b (id int);", ["CreateStmt", "CreateStmt"]],
    [
      "create table a (id int); create index concurrently i on a (id); drop index concurrently i;",
      ["CreateStmt", "alone create index", "alone drop index"],
    ],
    [
      "create table b (id int); reindex (concurrently) table a; vacuum a; analyze a;",
      ["CreateStmt", "alone reindex", "alone vacuum", "VacuumStmt"],
    ],
    ["alter table p detach partition c concurrently; select 1;", ["alone detach", "SelectStmt"]],
    ["alter type k add value 'x'; insert into t values ('x');", ["AlterEnumStmt", "InsertStmt"]],
    ["alter type k rename value 'x' to 'y'; select 1;", ["AlterEnumStmt SelectStmt"]],
  ])("%s", async (sql, steps) => expect(await shape(sql)).toEqual(steps));

  test.each([
    ["create index concurrently on a (id);", "WT_MIGRATION_STATEMENT"],
    ["begin; create table a (id int); rollback;", "WT_MIGRATION_STATEMENT"],
    ["create table a (id int); set search_path = other;", "WT_MIGRATION_STATEMENT"],
    ["alter system set work_mem = '1GB'; create table a (id int);", "WT_MIGRATION_STATEMENT"],
    ["create table a (id int); creat table b;", "WT_MIGRATION_UNREADABLE"],
    ["create table a (id int);\n\\i other.sql\n", "WT_MIGRATION_UNREADABLE"],
  ])("refuses %s", async (sql, code) => {
    await expect(one(sql)).rejects.toMatchObject({ code });
  });

  test("a setting ends with its transaction", async () => {
    const texts = (
      await one(
        "set lock_timeout = '1s'; set session statement_timeout = 5; set local work_mem = '1MB'; create table a (id int);",
      )
    ).steps
      .flatMap((step) => (step.kind === "transaction" ? step.statements : []))
      .map(({ text }) => text);
    expect(texts.slice(0, 3)).toEqual([
      "set local lock_timeout = '1s'",
      "set local statement_timeout = 5",
      "set local work_mem = '1MB'",
    ]);
  });
});

test.each<[string, string[]]>([
  ["alter table t add column a int default 5", ["t access exclusive"]],
  ["alter table t add column a uuid default gen_random_uuid()", ["t access exclusive, rewrites the table"]],
  ["alter table t alter a type text", ["t access exclusive, rewrites the table"]],
  ["alter table t alter a set not null", ["t access exclusive, reads the table"]],
  [
    "alter table t add constraint c foreign key (a) references s.u (id)",
    ["t share row exclusive, reads the table", "s.u share row exclusive"],
  ],
  [
    "alter table t add constraint c foreign key (a) references u (id) not valid",
    ["t share row exclusive", "u share row exclusive"],
  ],
  ["alter table t validate constraint c", ["t share update exclusive, reads the table"]],
  ["alter table t add constraint c check (a > 0)", ["t access exclusive, reads the table"]],
  ["alter table t add unique (a)", ["t access exclusive, builds an index"]],
  ["create index i on t (a)", ["t share, builds an index"]],
  ["create table n (a int references t (id))", ["t share row exclusive"]],
  ["drop table a, s.b", ["a access exclusive", "s.b access exclusive"]],
  ["drop policy p on s.t", ["s.t access exclusive"]],
  ["lock table t in share mode", ["t share"]],
  ["update t set a = 1", ["t row exclusive"]],
])("locks of %s", async (sql, locks) => {
  const [step] = (await one(`create table x (id int);\n${sql};`)).steps;
  const statement = step!.kind === "transaction" ? step!.statements[1]! : step!.statement;
  expect(statement.locks.map(({ table, mode, work }) => `${table} ${mode}${work === "" ? "" : `, ${work}`}`)).toEqual(
    locks,
  );
});

describe("content", () => {
  const source = (name: string, text: string): SourceMigration => ({
    name,
    file: `m/${name}.sql`,
    text,
    statements: [],
  });
  const release = makeRelease([source("0001", "a"), source("0002", "b"), source("0003", "c")]);

  test("decides checksums and the release's name; line ends do not", () => {
    expect(makeRelease([source("0001", "a\r\n")]).id).toBe(makeRelease([source("0001", "a\n")]).id);
    expect(makeRelease([source("0001", "a")]).id).not.toBe(makeRelease([source("0001", "b")]).id);
    expect(() => makeRelease([source("0001", "a"), source("0001", "b")])).toThrow(
      expect.objectContaining({ code: "WT_MIGRATION_DUPLICATE" }),
    );
  });

  test("may grow at its end and change nowhere", () => {
    const before = release.files.slice(0, 2);
    expect(() => refuseChanges(release, before)).not.toThrow();
    const edited = makeRelease([source("0001", "a"), source("0002", "B")]);
    expect(() => refuseChanges(edited, before)).toThrow(
      expect.objectContaining({
        code: "WT_MIGRATION_EDITED",
        facts: { file: "m/0002.sql", released: before[1]!.checksum, found: edited.files[1]!.checksum },
      }),
    );
    expect(() => refuseChanges(makeRelease([source("0001", "a")]), before)).toThrow(
      expect.objectContaining({ code: "WT_MIGRATION_MISSING" }),
    );
    const between = makeRelease([source("0001", "a"), source("00015", "x"), source("0002", "b")]);
    expect(() => refuseChanges(between, before)).toThrow(expect.objectContaining({ code: "WT_MIGRATION_ORDER" }));
  });

  test("gives versions that name it", () => {
    expect(schemaVersion(release)).toMatch(/^3-[0-9a-f]{12}$/);
    expect(readVersion(schemaVersion(release, 2))).toEqual({ position: 2, mark: release.files[1]!.chain.slice(0, 12) });
    expect(schemaVersion(release, 0)).toBe("0");
    for (const text of [null, "", "x", "3-", "3-zz", "-1"]) expect(readVersion(text)).toBeUndefined();
    expect(positionOf(release, "0002")).toBe(2);
    expect(() => positionOf(release, "none")).toThrow(expect.objectContaining({ code: "WT_MIGRATION_OPTION" }));
  });
});
