/** PGlite with the kit and the table note. One instance per test file: it takes about 0.8 GB and 2 to 4 seconds. */
import { PGlite } from "@electric-sql/pglite";
import { installKit, type InstallReport } from "@watertight/schema";
import { type TenantPglite, tenantPglite } from "../../../src/drivers/pglite/index.ts";
import { truthSql } from "../../isolation/isolation-cases.ts";
import { noteTableSql } from "../../isolation/note-table.ts";
import type { Level, Outcome, Run, Subject } from "../../isolation/subject.ts";

/** The kit's connection: PGlite's `query` takes one statement, its `exec` several. */
export function asKitClient(db: PGlite): Parameters<typeof installKit>[0] {
  return {
    async query(text, params) {
      if (params !== undefined && params.length > 0) return db.query<Record<string, unknown>>(text, params);
      const results = await db.exec(text);
      return { rows: (results.at(-1)?.rows ?? []) as Record<string, unknown>[] };
    },
  };
}

export interface PgliteDatabase {
  readonly db: PGlite;
  readonly key: string;
  readonly report: InstallReport;
  /** The kit at another level, and a wrapper for it. */
  atLevel(level: Level): Promise<TenantPglite>;
}

export async function pgliteDatabase(): Promise<PgliteDatabase> {
  const db = await PGlite.create();
  const report = await installKit(asKitClient(db));
  await db.exec(noteTableSql(report.roles));
  const key = report.key ?? "";
  return {
    db,
    key,
    report,
    async atLevel(level) {
      await asSuperuser(db, () => installKit(asKitClient(db), { level }));
      return tenantPglite(db, { key, level });
    },
  };
}

/** What a superuser sees and does, between the calls of the wrapper. */
export async function asSuperuser<T>(db: PGlite, work: () => Promise<T>): Promise<T> {
  const { rows } = await db.query<{ role: string }>("select current_setting('role') as role");
  await db.exec("reset role");
  try {
    return await work();
  } finally {
    await db.query("select set_config('role', $1, false)", [rows[0]?.role ?? "none"]);
  }
}

const outcome = ({ rows, rowCount }: { rows: Record<string, unknown>[]; rowCount?: number }): Outcome => ({
  rows,
  count: rowCount ?? rows.length,
});

/** The wrapper as the isolation cases see it. */
export function subjectOf(db: PGlite, level: Level, tenants: TenantPglite): Subject {
  const runner =
    (query: TenantPglite["query"]): Run =>
    async (text, values) =>
      outcome(await query(text, values));
  return {
    level,
    as: (tenant) => runner(tenants.for(tenant).query),
    ambient: runner(tenants.query),
    transaction: (tenant, fn) =>
      tenants.for(tenant).transaction((tx) => fn(async (text, values) => outcome(await tx.query(text, values)))),
    truth: () =>
      asSuperuser(db, async () => (await db.query<{ total: number; a: number; b: number }>(truthSql)).rows[0]!),
  };
}
