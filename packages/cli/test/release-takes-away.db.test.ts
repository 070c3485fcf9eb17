// What a release takes away from places that are there already is seen before it is one: row security, its force, the floor; in shared tables and in tenants'.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeServers, sized } from "@watertight/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CatalogDatabase, catalogDatabase } from "../../control/test/catalog-database.ts";
import { capture, type Captured } from "./support/capture.ts";

describeServers((server) => {
  let catalog: CatalogDatabase;
  let folder: string;
  beforeAll(async () => {
    catalog = await catalogDatabase(server);
    folder = await mkdtemp(join(tmpdir(), "watertight-scope-"));
    await mkdir(join(folder, "migrations"));
    await writeFile(
      join(folder, "migrations/0001_init.sql"),
      "create table projects (tenant_id uuid not null, id int not null, name text, primary key (tenant_id, id));",
    );
  }, 60_000);
  afterAll(async () => {
    await catalog?.close();
    await rm(folder, { recursive: true, force: true });
  });
  const wt = (...line: string[]): Promise<Captured> =>
    capture(line, { env: { DATABASE_URL: catalog.url.control }, cwd: folder });

  const ways: readonly (readonly [name: string, scope: string, sql: string])[] = [
    ["row security switched off", "pool,tenant", "alter table projects disable row level security;"],
    ["row security switched off", "tenant", "alter table projects disable row level security;"],
    ["its force taken", "pool,tenant", "alter table projects no force row level security;"],
    ["the floor dropped", "pool", "drop policy if exists watertight_floor on projects;"],
    ["a statement that fails", "tenant", "select 1/0;"],
  ];

  test.each(server.version === 15 ? ways.slice(0, 1) : sized(ways, ways.slice(0, 2)))(
    "%s, scope %s",
    { timeout: 60_000 },
    async (_, scope, sql) => {
      await writeFile(join(folder, "migrations/0002_more.sql"), `-- watertight: scope=${scope}\n${sql}`);
      const answer = await wt("migrations", "release", "--dry-run", "--json");
      expect([answer.exitCode === 0, answer.json().error?.code]).toEqual([
        false,
        expect.stringMatching(/^WT_MIGRATION_(LEAK|FAILED)$/),
      ]);
    },
  );
});
