// What a release makes of an empty place: which files, which models, and when an older place can only be made anew. Pure.
import { expect, test } from "vitest";
import { sourceOf } from "../../src/releases/released-schema.ts";
import type { SchemaPlace } from "../../src/provision/schema-source.ts";
import { releaseOf } from "../migrations/support/project.ts";

const table = "create table projects (tenant_id uuid not null, id int, primary key (tenant_id, id));";
const schemaPlace: SchemaPlace = { schema: "t_a", tenant: "a'$watertight$", rwRole: "rw", roRole: "ro" };
const databasePlace: SchemaPlace = { ...schemaPlace, schema: null };

test("files for everybody make all four models, and each is in the ledger of what it makes", async () => {
  const source = sourceOf(
    await releaseOf({ "0001_a.sql": `${table} vacuum; create index concurrently i on projects (id);` }),
  );
  expect([source.version, source.models]).toEqual([1, ["pool", "silo", "database", "schema"]]);
  expect(source.perhaps).toEqual([`"public"."projects"`]);
  // in an empty place nothing is waited for
  expect(source.database.filter((text) => /vacuum|concurrently/i.test(text))).toEqual([]);
  expect(source.database.at(-1)).toContain("watertight.release_ledger");
  expect(source.schema!.at(-1)).toContain(`insert into "watertight_release_ledger"`);
  expect(source.versionText!(1)).toMatch(/^1-[0-9a-f]{12}$/);
});

test("files that differ for pools and tenants make no database of one tenant; a named schema makes no schema tenant", async () => {
  const differ = sourceOf(
    await releaseOf({ "0001_a.sql": table, "0002_b.sql": "-- watertight: scope=tenant\ncreate table own (id int);" }),
  );
  expect(differ.models).toEqual(["pool", "silo", "schema"]);
  expect(differ.database.join()).not.toContain("table own");
  expect(differ.schema!.join()).toContain("table own");
  const named = sourceOf(await releaseOf({ "0001_a.sql": "create schema app; create table app.x (id int);" }));
  expect([named.models, named.schema]).toEqual([["pool", "silo", "database"], undefined]);
});

test("an overtaken place: what brings it there, or nothing", async () => {
  const source = sourceOf(
    await releaseOf({
      "0001_a.sql": table,
      "0002_b.sql": "alter table projects add column note text;",
      "0003_c.sql": "create table labels (id int);",
      "0004_d.sql": "create type mood as enum ('a'); alter type mood add value 'b';",
    }),
  );
  expect(source.upgrade!("schema", 3, schemaPlace)).toBeUndefined();
  expect(source.upgrade!("database", 1, databasePlace)).toBeUndefined();
  const three = sourceOf(
    await releaseOf({ "0001_a.sql": table, "0002_b.sql": "alter table projects add column note text;" }),
  );
  expect(three.upgrade!("database", 1, databasePlace)).toHaveLength(2);
  const closed = three.upgrade!("schema", 1, schemaPlace)!.at(-1)!;
  // a tenant's id that looks like the end of the statement
  expect(closed.startsWith("do $watertight1$")).toBe(true);
  expect(closed).toContain("''a''''$watertight$''");
});
