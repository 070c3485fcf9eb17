/**
 * A database with many schema tenants for the figures about migrations: a schema each, its tables, a fence row, all of them at one release.
 */
import {
  makeRelease,
  memoryStore,
  type Release,
  runWaves,
  type SourceMigration,
  type Target,
} from "@watertight/control";
import { readMigrations } from "@watertight/audit";
import { createDatabase, type TestDatabase, type TestServer } from "@watertight/testkit";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The tenants. */
export interface Fleet {
  readonly db: TestDatabase;
  readonly targets: readonly Target[];
  /** A release that adds one small column behind everything before it. */
  nextRelease(): Promise<Release>;
  close(): Promise<void>;
}

/** Makes `tenants` schemas of `tables` tables. */
export async function makeFleet(server: TestServer, tenants: number, tables: number): Promise<Fleet> {
  const db = await createDatabase(server, { kit: { level: "sealed" } });
  const names = Array.from({ length: tenants }, (_, i) => `t${i + 1}`);
  for (let i = 0; i < names.length; i += 100)
    await db.admin.query(
      names
        .slice(i, i + 100)
        .map(
          (name) =>
            `create schema ${name} authorization ${db.roles.owner}; select watertight.register_tenant('${name}')`,
        )
        .join(";"),
    );
  const connect = { connectionString: db.url(db.roles.migrator) };
  const targets = names.map((name): Target => ({ id: name, model: "schema", schema: name, connect }));
  const table = (n: number): string =>
    `create table table_${n} (id bigint primary key, name text not null, made timestamptz not null default now());`;
  const texts = [Array.from({ length: tables }, (_, n) => table(n)).join("\n")];
  const release = async (): Promise<Release> => makeRelease(await read(texts));
  await runWaves({ targets, release: await release(), store: memoryStore(), waves: ["100%"] });
  return {
    db,
    targets,
    nextRelease() {
      texts.push(`alter table table_0 add column ours_${texts.length} int;`);
      return release();
    },
    close: () => db.drop(),
  };
}

async function read(texts: readonly string[]): Promise<SourceMigration[]> {
  const root = await mkdtemp(join(tmpdir(), "watertight-bench-"));
  try {
    await mkdir(join(root, "migrations"));
    for (const [i, text] of texts.entries())
      await writeFile(join(root, "migrations", `${String(i + 1).padStart(4, "0")}_step.sql`), text);
    return await readMigrations(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
