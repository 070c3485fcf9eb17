/** The installation as a mere owner of the database with CREATEROLE, with hostile role names, and what it leaves for everybody else. */
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import PgBoss from "pg-boss";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { defaultCatalogRoles } from "../../src/catalog/catalog-roles.ts";
import { installCatalog } from "../../src/catalog/install-catalog.ts";
import { addService } from "../../src/catalog/services.ts";
import { installQueue, openQueue } from "../../src/operations/queue.ts";
import type { OperationKind } from "../../src/operations/operation.ts";
import { requestOperation } from "../../src/operations/operation-rows.ts";
import { startWorker } from "../../src/operations/worker.ts";

const actor = { name: "test" };

describeServers((server) => {
  let db: TestDatabase;
  let roles: typeof defaultCatalogRoles;
  let creator: string;
  const urlOf = (role: string): string => {
    const url = new URL(db.adminUrl);
    url.username = encodeURIComponent(role);
    return url.href;
  };
  const connect = async (role: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: urlOf(role) });
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  };
  beforeAll(async () => {
    db = await createDatabase(server);
    creator = `creator_${db.name}`.slice(0, 63);
    roles = {
      owner: `o$$'" ${db.name}`.slice(0, 63),
      control: `c$$'"; ${db.name}`.slice(0, 63),
      router: `r\\${db.name}`.slice(0, 63),
      auditor: `a ${db.name}`.slice(0, 63),
    };
    await db.admin.query(`create role ${pg.escapeIdentifier(creator)} login createrole`);
    await db.admin.query(`alter database ${pg.escapeIdentifier(db.name)} owner to ${pg.escapeIdentifier(creator)}`);
  });
  afterAll(async () => {
    await db.drop();
    const admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    for (const role of [...Object.values(roles), creator])
      await admin.query(`drop role if exists ${pg.escapeIdentifier(role)}`);
    await admin.end();
  });

  test("an owner with CREATEROLE installs, twice, and the control role does its work", async () => {
    const client = await connect(creator);
    expect((await installCatalog(client, { roles })).applied.length).toBeGreaterThanOrEqual(5);
    await installQueue(client, roles);
    expect((await installCatalog(client, { roles })).applied).toEqual([]);
    await installQueue(client, roles);
    const pool = new pg.Pool({ connectionString: urlOf(roles.control), max: 2 });
    onTestFinished(() => pool.end());
    await addService(pool, actor, "other");
    // what it put in it takes out, and pg-boss's own housekeeping has all the rights that it needs
    const failed: Error[] = [];
    const queue = await openQueue(pool, (error) => failed.push(error));
    await queue.put([{ id: "op_x", begun: false }]);
    await queue.put([{ id: "op_x", begun: false }]);
    const taken = await queue.take(5);
    expect(taken.map(({ operation }) => operation)).toEqual(["op_x"]);
    await queue.done(taken[0]!.job);
    await queue.stop();
    const boss = new PgBoss({
      connectionString: urlOf(roles.control),
      schema: "watertight_jobs",
      migrate: false,
      schedule: false,
      supervise: false,
      archiveCompletedAfterSeconds: 1,
    });
    boss.on("error", (error) => failed.push(error));
    await boss.start();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await boss.maintain();
    await boss.stop({ graceful: false, wait: true, close: true });
    expect(failed).toEqual([]);
    const { rows } = await db.admin.query(
      "select (select count(*)::int from watertight_jobs.job) as jobs, (select count(*)::int from watertight_jobs.archive) as archived",
    );
    expect(rows).toEqual([{ jobs: 0, archived: 1 }]);
  });

  test("nobody else may connect, and so nobody hears which tenants change", async () => {
    await db.admin.query(`create role ${pg.escapeIdentifier(`${creator}x`.slice(-63))} login`);
    onTestFinished(() => db.admin.query(`drop role ${pg.escapeIdentifier(`${creator}x`.slice(-63))}`).then(() => {}));
    const stranger = new pg.Client({ connectionString: urlOf(`${creator}x`.slice(-63)) });
    await expect(stranger.connect()).rejects.toMatchObject({ code: "42501" });
    const router = await connect(roles.router);
    await expect(router.query("create temp table x ()")).rejects.toMatchObject({ code: "42501" });
  });

  test("a router that takes every advisory lock does not keep operations from running", async () => {
    const router = await connect(roles.router);
    await router.query("select pg_advisory_lock(7071000 + n) from generate_series(0, 20) n");
    const kind = {
      kind: "nothing",
      parse: (input: object) => input,
      subject: () => "thing:x",
      steps: () => [],
    } as unknown as OperationKind<never>;
    const ended: string[] = [];
    const worker = await startWorker({
      catalogUrl: urlOf(roles.control),
      kinds: new Map([[kind.kind, kind]]),
      ended: (operation, { end }) => void ended.push(`${operation} ${end}`),
    });
    onTestFinished(() => worker.stop());
    const pool = new pg.Pool({ connectionString: urlOf(roles.control), max: 1 });
    onTestFinished(() => pool.end());
    const { id } = await requestOperation(pool, actor, kind as never, {});
    for (let tries = 0; ended.length === 0 && tries < 200; tries++)
      await new Promise((resolve) => setTimeout(resolve, 25));
    expect(ended).toEqual([`${id} succeeded`]);
  });
});
