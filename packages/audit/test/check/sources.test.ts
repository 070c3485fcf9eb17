// Where there are no migrations, the message says what is missing and what is there instead.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CheckError } from "../../src/check/check-error.ts";
import { chooseMigrations } from "../../src/check/sources.ts";
import { resolveOptions } from "../../src/config/resolve-options.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "watertight-sources-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function refusal(files: Record<string, string>, flags: Record<string, string> = {}): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  const chosen = chooseMigrations(root, resolveOptions({ flags }).options);
  const error = await chosen.then(
    ({ set }) => expect.fail(`found ${set.folder}`),
    (reason: CheckError) => reason,
  );
  return `${error.exitCode} ${error.message}`;
}
const table = { "db/migrations/1.sql": "create table t (id int);" };

test("a folder that is not there: what is found without it", async () => {
  expect(await refusal({}, { "migrations.folder": "nope" })).toMatch(
    /^2 WT_CHECK_NO_MIGRATIONS: There is no folder nope in the project\. Correct --folder .* relative to the project\.$/,
  );
  expect(await refusal(table, { "migrations.folder": "nope" })).toMatch(
    /without it this is found: db\/migrations \(sql, 1 migration\)\.$/,
  );
});

test("another tool than the one that is named", async () => {
  expect(await refusal(table, { "migrations.tool": "prisma" })).toBe(
    "2 WT_CHECK_NO_MIGRATIONS: No prisma migrations in this folder. Leave --tool out (or migrations.tool in the configuration); this is there: db/migrations (sql, 1 migration).",
  );
});

test("files that are not there", async () => {
  expect(await refusal({}, { "migrations.files": "a.sql,b.sql" })).toBe(
    "2 WT_CHECK_NO_MIGRATIONS: Nothing could be read of what --sql names: a.sql:1 not found; b.sql:1 not found. Correct the paths; they are relative to the project.",
  );
});

test("SQL of which PostgreSQL can't read a statement is no absence of migrations", async () => {
  expect(await refusal({ "migrations/1.sql": "create tabel t (id int);\ncrate table u (id int);" })).toMatch(
    /^3 WT_CHECK_NOTHING_RAN: Not one of the 2 statements in migrations could be read or run; the first: migrations\/1\.sql:1 syntax error at or near "tabel"\. Correct the file/,
  );
});

test("SQL that defines nothing is named", async () => {
  expect(await refusal({ "app/list.sql": "select * from t where id = 1;" })).toMatch(
    /^2 WT_CHECK_NO_MIGRATIONS: No migrations in this folder\. 1 SQL file in app, but no statement there makes or changes/,
  );
});
