// A fleet by its commands alone: a release that leaks is refused, `up --db` makes tenants of the one that does not, the next release is brought to
// them, a tenant is changed and deleted by two people. On a real cell, with a real worker.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { approveOperation } from "@watertight/control";
import { describeServers, type TestServer } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CatalogDatabase, catalogDatabase } from "../../control/test/catalog-database.ts";
import { cellServer, provisioner } from "../../control/test/provision/cells.ts";
import { capture, type Captured } from "./support/capture.ts";

const table = (name: string): string =>
  `create table ${name} (tenant_id uuid not null, id int not null, name text, primary key (tenant_id, id));`;

describeServers((server) => {
  let cell: TestServer;
  let catalog: CatalogDatabase;
  let folder: string;
  let env: Record<string, string>;
  let stop: () => void = () => {};
  let up: Promise<Captured> | undefined;
  beforeAll(async () => {
    [cell, catalog] = await Promise.all([cellServer(server.version), catalogDatabase(server)]);
    folder = await mkdtemp(join(tmpdir(), "watertight-fleet-"));
    await mkdir(join(folder, "migrations"));
    env = { DATABASE_URL: catalog.url.control, CELL: cell.url("postgres", provisioner) };
  }, 120_000);
  afterAll(async () => {
    stop();
    await up;
    await catalog?.close();
    await cell?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const wt = (...line: string[]): Promise<Captured> => capture(line, { env, cwd: folder });
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, "migrations", name), text);
  const ok = async (...line: string[]): Promise<Captured> => {
    const answer = await wt(...line);
    expect([line.join(" "), answer.exitCode, answer.exitCode === 0 ? "" : answer.err + answer.out]).toEqual([
      line.join(" "),
      0,
      "",
    ]);
    return answer;
  };

  test("a release that opens a leak is refused with its place, and nothing is kept", { timeout: 60_000 }, async () => {
    await ok("cells", "add", "eu-1", "--endpoint", `127.0.0.1:${cell.port}`, "--admin", "env:CELL");
    expect((await wt("migrations", "plan")).err).toContain("watertight migrations release");
    await write("0001_init.sql", table("projects"));
    await write(
      "0002_all.sql",
      "create materialized view everybody as select * from projects;\ngrant select on everybody to watertight_silo_app;",
    );
    const refused = await wt("migrations", "release", "--json");
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toContain("migrations/0002_all.sql:1");
    expect(refused.json()).toMatchObject({ error: { code: "WT_MIGRATION_LEAK" } });
    expect((await ok("migrations", "list", "--json")).json()).toMatchObject({ releases: [], runs: [] });
    await rm(join(folder, "migrations/0002_all.sql"));
  });

  test("without a worker nobody is left waiting without a word", { timeout: 60_000 }, async () => {
    const { templates } = (await ok("migrations", "release", "--json")).json();
    expect(templates).toMatchObject([{ cell: "eu-1" }]);
    const alone = await wt("locations", "create", "shared", "--kind", "pool", "--wait", "6");
    expect([alone.exitCode, alone.err.includes("watertight up --db")]).toEqual([5, true]);
    const id = /op_\w+/.exec(alone.out)![0];
    expect((await ok("operations", "cancel", id)).out).toContain("is cancelled");
    expect((await wt("operations", "cancel", id)).exitCode).toBe(3);
    up = capture(["up", "--db", "env:DATABASE_URL", "--port", "0", "--json"], {
      env,
      cwd: folder,
      interrupted: () => new Promise((resolve) => (stop = resolve)),
    });
    await ok("operations", "watch", templates[0].operation);
  });

  test("tenants of an application that was released, and the next release for them", { timeout: 120_000 }, async () => {
    // one that is there is left as it is
    await ok("cells", "template", "eu-1");
    await ok("locations", "create", "shared", "--kind", "pool");
    expect((await wt("tenants", "create", "acme", "--model", "silo")).exitCode).toBe(2);
    await ok("tenants", "create", "acme", "--model", "database", "--name", "Acme");
    await ok("tenants", "create", "globex", "--model", "schema");
    const later = await ok("tenants", "create", "initech", "--model", "pool", "--no-wait", "--json");
    await ok("operations", "watch", later.json().operation.id);
    expect((await wt("tenants", "create", "acme", "--model", "pool", "--no-wait")).exitCode).toBe(2);
    expect(
      (await ok("locations", "list", "--json")).json().locations.map(({ model }: { model: string }) => model),
    ).toEqual(expect.arrayContaining(["pool", "schema", "database"]));

    await write("0002_more.sql", `${table("labels")} alter table projects add column note text;`);
    expect((await ok("migrations", "plan", ".", "--json")).json()).toMatchObject({ totals: { behind: 3 } });
    expect((await ok("migrations", "plan")).out).toContain("0 of 3 targets behind");
    const released = await ok("migrations", "release", "--json");
    expect((await ok("tenants", "list", "--behind", "--json")).json().tenants).toHaveLength(3);
    expect((await wt("migrations", "apply", "--pause-on", "eror")).exitCode).toBe(2);
    const first = await wt("migrations", "apply", "--wave", "30%", "--json");
    expect([first.exitCode, first.json().behind.length]).toEqual([5, 2]);
    const run = first.json().run as string;
    expect((await wt("migrations", "skip", run, "globex", "--reason", "")).exitCode).toBe(2);
    const rest = await ok("migrations", "resume", run, "--concurrency", "2", "--json");
    expect(rest.json()).toMatchObject({ state: "done", behind: [], minimum: 2 });
    expect((await ok("tenants", "list", "--behind", "--json")).json().tenants).toEqual([]);
    expect((await ok("migrations", "list")).out).toContain(run);

    await ok("operations", "watch", released.json().templates[0].operation);
    await ok("tenants", "create", "hooli", "--model", "database");
    expect((await ok("migrations", "apply", "--json")).json()).toMatchObject({ run: null, behind: [] });
    expect((await ok("migrations", "drift", "--json")).json()).toMatchObject({ targets: 4, clean: 4, groups: [] });
  });

  test("a tenant is suspended, served again, and deleted by two people", { timeout: 60_000 }, async () => {
    await ok("tenants", "suspend", "acme");
    await ok("tenants", "resume", "acme");
    expect((await wt("tenants", "delete", "acme")).exitCode).toBe(2);
    expect((await wt("tenants", "delete", "acme", "--confirm", "globex")).exitCode).toBe(2);
    const dry = (await ok("tenants", "delete", "acme", "--dry-run", "--json")).json();
    expect(dry).toMatchObject({ dryRun: true, model: "database", cell: "eu-1", graceDays: 30 });
    const asked = await ok("tenants", "delete", "acme", "--confirm", "acme", "--grace-days", "0");
    const id = /op_\w+/.exec(asked.out)![0];
    expect(asked.out).toContain(`watertight operations approve ${id}`);
    // whoever asked is no second person
    expect((await wt("operations", "approve", id)).exitCode).toBe(3);
    expect((await ok("tenants", "show", "acme", "--json")).json().tenant).toMatchObject({ state: "active" });
    await approveOperation(catalog.pool, { name: "somebody else" }, id);
    await ok("operations", "watch", id);
    expect((await ok("tenants", "show", "acme", "--json")).json().tenant).toMatchObject({ state: "deleted" });
  });
});
