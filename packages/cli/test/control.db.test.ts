// The commands of the control plane on a real catalog: install, cells, tenants, operations, audit; documents, exit codes, refusals.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import { requestOperation } from "@watertight/control";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { capture, type Captured } from "./support/capture.ts";

describeServers((server) => {
  let db: TestDatabase;
  let env: Record<string, string>;
  const wt = (...line: string[]): Promise<Captured> => capture(line, { env });
  const kinds = ["owner", "control", "router", "auditor"];
  const roleOf = (kind: string): string => `wt_${kind}_${db.name}`.slice(0, 63);

  beforeAll(async () => {
    db = await createDatabase(server);
    env = { DATABASE_URL: db.adminUrl };
  });
  afterAll(async () => {
    await db.drop();
    const admin = new pg.Client({ connectionString: server.url() });
    await admin.connect();
    for (const kind of kinds) await admin.query(`drop role if exists ${pg.escapeIdentifier(roleOf(kind))}`);
    await admin.end();
  });

  it("installs the catalog, once", async () => {
    expect((await wt("cells", "list")).exitCode).toBe(3);
    const roles = kinds.flatMap((kind) => ["--role", `${kind}=${roleOf(kind)}`]);
    expect((await wt("catalog", "install", "--role", "boss=x")).exitCode).toBe(2);
    const first = await wt("catalog", "install", ...roles, "--json");
    expect(first.json()).toMatchObject({ command: "catalog install", roles: { control: roleOf("control") } });
    expect(first.json().applied.length).toBeGreaterThanOrEqual(5);
    expect((await wt("catalog", "install", ...roles)).out).toContain("up to date");
  });

  it("adds and changes cells, and takes no secret", async () => {
    const secret = await wt(
      "cells",
      "add",
      "eu-1",
      "--endpoint",
      "10.0.0.5:5432",
      "--admin",
      "postgres://a:hunter2@b/c",
    );
    expect([secret.exitCode, secret.err.includes("hunter2")]).toEqual([2, false]);
    expect((await wt("cells", "add", "eu-1", "--endpoint", "nowhere", "--admin", "env:X")).exitCode).toBe(2);
    const added = await wt(
      "cells",
      "add",
      "eu-1",
      "--endpoint",
      "[::1]:5432",
      "--admin",
      "env:CELL_EU_1",
      "--max-schemas",
      "7",
      "--json",
    );
    expect(added.json().cells).toMatchObject([
      { id: "eu-1", host: "::1", port: 5432, maxSchemas: 7, maxDatabases: 1000 },
    ]);
    expect(added.out).not.toContain("CELL_EU_1");
    expect((await wt("cells", "add", "eu-1", "--endpoint", "[::1]:5432", "--admin", "env:X")).exitCode).toBe(2);
    expect((await wt("cells", "set", "eu-1")).exitCode).toBe(2);
    expect((await wt("cells", "set", "eu-1", "--max-databases", "0")).exitCode).toBe(2);
    expect((await wt("cells", "set", "nowhere", "--state", "draining")).exitCode).toBe(2);
    expect((await wt("cells", "set", "eu-1", "--state", "draining")).out).toMatch(/eu-1 +\| ::1:5432 +\| +\| draining/);
    expect((await wt("cells", "list")).out).toContain("draining");
  });

  it("lists and shows tenants", async () => {
    await db.admin.query(
      "insert into watertight_catalog.tenant (id, slug, name, state) select 't-' || i, 'slug-' || i, E'Tenant\\u001b[2J', 'active' from generate_series(1, 3) i",
    );
    const page = await wt("tenants", "list", "--limit", "2");
    expect(page.out).toContain("more: --after slug-2");
    expect(page.out).toContain("\\u001b[2J");
    expect((await wt("tenants", "list", "--after", "slug-2", "--json")).json().tenants).toMatchObject([
      { slug: "slug-3" },
    ]);
    expect((await wt("tenants", "list", "--state", "suspended", "--json")).json().tenants).toEqual([]);
    expect((await wt("tenants", "list", "--limit", "0")).exitCode).toBe(2);
    expect((await wt("tenants", "show", "slug-1", "--json")).json()).toMatchObject({
      tenant: { id: "t-1" },
      operations: [],
    });
    expect((await wt("tenants", "show", "nobody")).exitCode).toBe(2);
  });

  it("imports the tenants of a table", async () => {
    await db.admin
      .query(`create table organizations (id int primary key, name text); insert into organizations values (1, 'One'), (2, 'Two');
      insert into watertight_catalog.location (id, cell, model, database, state, rw_role, ro_role, rw_secret, ro_secret)
      values ('loc_pool', 'eu-1', 'pool', 'app', 'ready', 'rw', 'ro', 'env:RW', 'env:RO')`);
    const run = () =>
      wt(
        "tenants",
        "import",
        "--app",
        "env:DATABASE_URL",
        "--from-table",
        "organizations",
        "--id",
        "id",
        "--name",
        "name",
        "--location",
        "loc_pool",
        "--json",
      );
    expect((await run()).json()).toMatchObject({ read: 2, added: 2, known: 0 });
    expect((await run()).json()).toMatchObject({ read: 2, added: 0, known: 2 });
    expect((await wt("tenants", "list", "--model", "pool", "--json")).json().tenants).toMatchObject([
      { id: "1" },
      { id: "2" },
    ]);
  });

  it("asks for operations on logins, and exports only who is served", async () => {
    const asked = await wt("roles", "reporting", "on", "--location", "loc_pool", "--reason", "figures", "--json");
    expect(asked.json().operation).toMatchObject({ kind: "reporting.begin", input: { reason: "figures", hours: 24 } });
    expect((await wt("roles", "reporting", "off", "--location", "loc_pool")).exitCode).toBe(3);
    expect((await wt("roles", "reporting", "on", "--location", "x", "--reason", " ")).exitCode).toBe(2);
    expect((await wt("roles", "reporting", "on", "--location", "x", "--reason", "y", "--hours", "900")).exitCode).toBe(
      2,
    );
    expect((await wt("roles", "rotate", "rw", "--json")).json().operation).toMatchObject({ kind: "login.rotate" });
    expect((await wt("roles", "list", "--location", "nowhere")).exitCode).toBe(2);
    const folder = await mkdtemp(join(tmpdir(), "wt-export-"));
    try {
      expect((await wt("tenants", "export", "nobody", "--to", join(folder, "x"))).exitCode).toBe(2);
      expect((await wt("tenants", "export", "t-1")).exitCode).toBe(2);
      const verified = await wt("tenants", "export", "verify", folder, "--json");
      expect([verified.exitCode, verified.json().error.code]).toEqual([3, "WT_EXPORT_INCOMPLETE"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("shows, approves and watches operations", async () => {
    const pool = {
      connect: async () => ({
        query: (text: string, values?: unknown[]) => db.admin.query(text, values),
        release: () => {},
      }),
    };
    const kind = {
      kind: "thing.delete",
      fourEyes: true,
      parse: (input: Readonly<Record<string, unknown>>) => input,
      subject: () => "tenant:t-1",
      steps: () => [],
    };
    const { id } = await requestOperation(pool, { name: "somebody" }, kind, {});
    expect((await wt("operations", "list", "--state", "waiting_approval", "--json")).json().operations).toMatchObject([
      { id },
    ]);
    expect((await wt("tenants", "show", "t-1")).out).toContain(id);
    expect((await wt("operations", "retry", id)).exitCode).toBe(3);
    expect((await wt("operations", "approve", id, "--json")).json().operation).toMatchObject({ state: "pending" });
    expect((await wt("operations", "approve", id)).exitCode).toBe(3);
    await db.admin.query("update watertight_catalog.operation set state = 'failed' where id = $1", [id]);
    const watched = await wt("operations", "watch", id);
    expect([watched.exitCode, watched.out.includes("approved")]).toEqual([5, true]);
    expect((await wt("operations", "show", id)).out).toContain("failed");
    expect((await wt("operations", "show", "op_none")).exitCode).toBe(2);
    // nothing of it is half done
    expect((await wt("operations", "abandon", id, "--reason", "gone")).exitCode).toBe(3);
    await db.admin.query("update watertight_catalog.operation set unfinished = true where id = $1", [id]);
    await db.admin.query(
      "insert into watertight_catalog.cleanup (operation, cell, kind, name) values ($1, 'eu-1', 'database', 't_left')",
      [id],
    );
    expect((await wt("operations", "show", id)).out).toContain("t_left");
    expect((await wt("operations", "abandon", id, "--reason", " ")).exitCode).toBe(2);
    const given = await wt("operations", "abandon", id, "--reason", "the cell burned down", "--json");
    expect(given.json()).toMatchObject({ orphans: [{ cell: "eu-1", kind: "database", name: "t_left" }] });
    expect((await wt("operations", "abandon", id, "--reason", "again")).exitCode).toBe(3);
  });

  it("verifies the audit log", async () => {
    const { out } = await wt("audit", "anchor");
    expect((await wt("audit", "verify", "--anchor", out.trim())).out).toMatch(/^valid {2}\d+ records/);
    expect((await wt("audit", "verify", "--anchor", "1")).exitCode).toBe(2);
    await db.admin.query(
      "begin; alter table watertight_catalog.audit_log disable trigger user; update watertight_catalog.audit_log set actor = 'x' where seq = 2; commit",
    );
    const broken = await wt("audit", "verify", "--json");
    expect([broken.exitCode, broken.json().brokenAt]).toEqual([1, "2"]);
  });
});
