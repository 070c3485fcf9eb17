/** The swapped statement and the read-only default: what an attacker leaves on a connection must never run as, or stop, the next tenant. */
import { describeServers } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TenantClient } from "../../../src/drivers/pg/tenant-client.ts";
import { errorOf, tenantA, tenantB, type TenantDatabase, tenantDatabase } from "../../fixture/tenant-database.ts";

describeServers((server) => {
  let db: TenantDatabase;
  beforeAll(async () => {
    db = await tenantDatabase(server);
  });
  afterAll(() => db.close());

  test("statement names are random per connection and can not be listed", async () => {
    const pool = db.pool({ max: 1, prepare: "all" });
    await pool.for(tenantA).query("select 1");
    for (const spy of ["select name from pg_prepared_statements", "select * from pg_prepared_statement()"])
      expect((await errorOf(pool.for(tenantA).query(spy))).sqlstate).toBe("42501");
    const names = async (): Promise<string> => {
      const own = db.pool({ max: 1, prepare: "all" });
      await own.for(tenantA).query("select 1");
      const [client] = (own as unknown as { _clients: TenantClient[] })._clients;
      const name = client!.link.names.use(client!.engine.writer, "select 1", true);
      client!.engine.writer.reset();
      return name;
    };
    const [one, two] = [await names(), await names()];
    expect(one).toMatch(/^wt[0-9a-f]{32}_\d+$/);
    expect(one.slice(0, 34)).not.toBe(two.slice(0, 34));
  });

  test("a statement swapped under the caller’s own name does not run as the next tenant", async () => {
    const pool = db.pool({ max: 1 });
    const query = { name: "latest", text: "select min(id) as id from note" };
    await pool.for(tenantA).query(query);
    await errorOf(pool.for(tenantA).query("deallocate latest"));
    await pool.for(tenantA).query("prepare latest as select 4711 as id");
    expect((await pool.for(tenantB).query(query)).rows).toEqual([{ id: 21 }]);
  });

  test("a read-only default that is left behind fails one write of the next tenant, not all of them", async () => {
    const pool = db.pool({ max: 1 });
    await pool.for(tenantA).query("set default_transaction_read_only = on");
    const b = pool.for(tenantB);
    const write = "update note set body = body where id = 21";
    expect((await errorOf(b.query(write))).code).toBe("25006");
    expect((await b.query(write)).rowCount).toBe(1);
    await pool.for(tenantA).query("set default_transaction_read_only = on");
    expect((await errorOf(b.transaction((tx) => tx.query(write)))).code).toBe("25006");
    expect((await b.transaction((tx) => tx.query(write))).rowCount).toBe(1);
  });

  test("under stock pg a swapped statement does (control)", async () => {
    const pool = new pg.Pool({ connectionString: db.adminUrl, max: 1 });
    const query = { name: "latest", text: "select min(id) as id from note" };
    await pool.query(query);
    await pool.query("deallocate latest");
    await pool.query("prepare latest as select 4711 as id");
    expect((await pool.query(query)).rows).toEqual([{ id: 4711 }]);
    await pool.end();
  });
});
