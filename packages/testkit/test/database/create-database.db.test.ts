// A database per test: fresh, with a unique name, gone after drop().
import { createDatabase, describeServers } from "@watertight/testkit";
import { expect, test } from "vitest";

describeServers((server) => {
  test("a database is fresh, connected and dropped", async () => {
    const first = await createDatabase(server);
    const second = await createDatabase(server);
    expect(first.name).not.toBe(second.name);
    await first.admin.query("create table t (a int)");
    const { rows } = await second.admin.query("select to_regclass('t') as t");
    expect(rows).toEqual([{ t: null }]);
    await first.drop();
    const left = await second.admin.query("select datname from pg_database where datname = any($1)", [
      [first.name, second.name],
    ]);
    expect(left.rows).toEqual([{ datname: second.name }]);
    await second.drop();
  });

  test("a template's content is copied", async () => {
    const source = await createDatabase(server);
    await source.admin.query("create table t as select 42 as a");
    await source.admin.end();
    const copy = await createDatabase(server, { template: source.name });
    expect((await copy.admin.query("select a from t")).rows).toEqual([{ a: 42 }]);
    await copy.drop();
    await source.drop();
  });
});
