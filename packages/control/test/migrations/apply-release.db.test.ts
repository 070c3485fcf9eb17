// `check` stands before everything: a release that opens a leak never reaches a target. With the audit's real check.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, exitCodeOf, openFindings, readMigrations, resolveOptions } from "@watertight/audit";
import { applyRelease, type CheckRelease, makeRelease, memoryStore, MigrationError } from "@watertight/control";
import { createDatabase, describeServers, type TestDatabase } from "@watertight/testkit";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { poolTarget } from "./support/tenants.ts";

describeServers((server) => {
  let db: TestDatabase;
  let root: string;
  beforeEach(async () => {
    db = await createDatabase(server, { kit: { level: "sealed" } });
    await db.admin.query(`grant create on database ${pg.escapeIdentifier(db.name)} to ${db.roles.owner}`);
    root = await mkdtemp(join(tmpdir(), "watertight-release-"));
    await mkdir(join(root, "migrations"));
  });
  afterEach(async () => {
    await db.drop();
    await rm(root, { recursive: true, force: true });
  });

  const checkRelease: CheckRelease = async () => {
    const { report, close } = await check({ root, resolved: resolveOptions({}), configFile: null, attack: false });
    await close();
    if (exitCodeOf(report, "high", false) === 0) return [];
    return openFindings(report)
      .filter(({ severity }) => severity === "critical" || severity === "high")
      .map(({ id, severity, message, object, place }) => ({
        id,
        severity,
        message,
        target: [object.schema, object.name].filter(Boolean).join("."),
        file: place?.file ?? null,
        line: place?.line ?? null,
      }));
  };

  test(
    "a release that opens a leak is stopped, with its findings; the corrected one runs",
    { timeout: 120_000 },
    async () => {
      const write = (name: string, text: string): Promise<void> => writeFile(join(root, "migrations", name), text);
      const floor = (table: string): string =>
        `alter table ${table} enable row level security; alter table ${table} force row level security;
       create policy own on ${table} using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);`;
      const table = (name: string): string =>
        `create table app.${name} (tenant_id uuid not null, id bigint, note text, primary key (tenant_id, id));\ngrant select, insert, update, delete on app.${name} to ${db.roles.app};`;
      await write(
        "0001_init.sql",
        `create schema app;\ngrant usage on schema app to ${db.roles.app};\n${table("projects")}\n${floor("app.projects")}`,
      );
      await write("0002_files.sql", table("files"));
      const [targets, store] = [[poolTarget(db)], memoryStore()];
      const leaking = makeRelease(await readMigrations(root));
      const refused = await applyRelease({ targets, release: leaking, store, checkRelease }).catch(
        (error: unknown) => error,
      );
      expect(refused).toBeInstanceOf(MigrationError);
      expect(refused).toMatchObject({ code: "WT_MIGRATION_LEAK" });
      expect((refused as MigrationError).facts["findings"]).toContainEqual(
        expect.objectContaining({ id: "A1-app.files", file: "migrations/0002_files.sql" }),
      );
      expect(await store.released()).toEqual([]);
      expect((await db.admin.query("select from pg_namespace where nspname = 'app'")).rowCount).toBe(0);

      await write("0002_files.sql", `${table("files")}\n${floor("app.files")}`);
      const release = makeRelease(await readMigrations(root));
      const done = await applyRelease({ targets, release, store, checkRelease });
      expect(done).toMatchObject({ state: "done", counts: { done: 1 } });
      expect((await store.released()).map(({ name }) => name)).toEqual(["0001_init", "0002_files"]);
    },
  );
});
