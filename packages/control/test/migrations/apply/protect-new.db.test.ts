// Every new table of a pool goes under the kit in the transaction that makes it: also the second one, whose name has no schema.
import { applyToTarget } from "@watertight/control";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { releaseOf } from "../support/project.ts";
import { poolTarget } from "../support/tenants.ts";

describeServers((server) => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = await createDatabase(server, { kit: { level: "sealed" } });
  });
  afterEach(() => db.drop());

  test("three tables without a schema, and one that all share", async () => {
    await db.admin.query(`grant create on schema public to ${db.roles.owner}`);
    const table = (name: string): string =>
      `create table ${name} (tenant_id uuid not null, id int, primary key (tenant_id, id));`;
    const release = await releaseOf({
      "0001_init.sql": `${table("a")} ${table("b")} create table shared (id int primary key); ${table("public.c")}`,
    });
    expect(await applyToTarget(poolTarget(db), release)).toMatchObject({ unprotected: ["shared"] });
    const { rows } = await db.admin.query(
      "select relation::regclass::text as name from watertight.protected order by 1",
    );
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(["a", "b", "c"]);
  });
});
