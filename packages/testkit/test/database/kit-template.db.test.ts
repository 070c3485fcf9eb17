// Databases with the kit: built once per server, complete in every copy.
import { createDatabase, describeServers } from "@watertight/testkit";
import pg from "pg";
import { expect, test } from "vitest";

describeServers((server) => {
  test("two databases share one kit and its key", async () => {
    const [first, second] = await Promise.all([
      createDatabase(server, { kit: true }),
      createDatabase(server, { kit: true }),
    ]);
    expect(first.key).toMatch(/^[a-z0-9]{1,16}:[A-Za-z0-9_-]{43}$/);
    expect(second.key).toBe(first.key);
    const kids = await first.admin.query("select kid from watertight.key");
    expect(kids.rows).toEqual([{ kid: first.key.split(":")[0] }]);
    await first.drop();
    await second.drop();
  });

  test("the copy is as hard as the kit makes it: the app role may not create temporary tables", async () => {
    const db = await createDatabase(server, { kit: true });
    const app = new pg.Client({ connectionString: db.appUrl });
    await app.connect();
    try {
      await expect(app.query("create temporary table t (a int)")).rejects.toMatchObject({ code: "42501" });
    } finally {
      await app.end();
      await db.drop();
    }
  });

  test("a copy without its database rights is soft: what the test above would miss", async () => {
    const kit = await createDatabase(server, { kit: true });
    await kit.admin.end();
    const name = `${kit.name}_soft`;
    const admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    await admin.query(`create database ${name} template ${kit.name}`);
    const url = new URL(kit.appUrl);
    url.pathname = `/${name}`;
    const app = new pg.Client({ connectionString: url.href });
    await app.connect();
    await app.query("create temporary table t (a int)");
    await app.end();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
    await kit.drop();
  });
});
