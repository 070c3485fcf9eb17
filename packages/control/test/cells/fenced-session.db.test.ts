/** Fenced sessions of a provisioner that is no superuser: an earlier lease's session ends; a stranger's with its name changes nothing. */
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { onCell } from "../../src/cells/fenced-session.ts";
import type { StepContext } from "../../src/operations/operation.ts";
import { newId } from "../../src/catalog/ids.ts";

describeServers((server) => {
  let db: TestDatabase;
  const names = { provisioner: "", stranger: "" };
  const urlOf = (role: string): string => {
    const url = new URL(db.adminUrl);
    url.username = role;
    return url.href;
  };
  beforeAll(async () => {
    db = await createDatabase(server);
    for (const name of ["provisioner", "stranger"] as const) {
      names[name] = `${name}_${db.name}`.slice(0, 63);
      await db.admin.query(`create role ${pg.escapeIdentifier(names[name])} login`);
    }
  });
  afterAll(async () => {
    await db.drop();
    const admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    for (const name of Object.values(names)) await admin.query(`drop role ${pg.escapeIdentifier(name)}`);
    await admin.end();
  });

  test("the longest name that an operation's session can have is not cut", () => {
    expect(`watertight ${newId("op")} ${2n ** 63n - 1n}`.length).toBeLessThanOrEqual(63);
  });

  test("ends what it may end, and is not stopped by what it may not", async () => {
    const id = newId("op");
    const session = async (role: string): Promise<{ client: pg.Client; gone: Promise<unknown> }> => {
      const client = new pg.Client({ connectionString: urlOf(role), application_name: `watertight ${id} 6` });
      const gone = new Promise((resolve) => client.on("error", resolve));
      await client.connect();
      onTestFinished(() => client.end().catch(() => {}));
      return { client, gone };
    };
    const earlier = await session(names.provisioner);
    const stranger = await session(names.stranger);
    const context = {
      operation: { id, leaseToken: "7" },
      signal: new AbortController().signal,
      confirm: async () => {},
    } as unknown as StepContext<never>;
    const { rows } = await onCell(context, urlOf(names.provisioner), (cell) => cell.query("select 1 as one"));
    expect(rows).toEqual([{ one: 1 }]);
    await earlier.gone;
    expect((await stranger.client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });
});
