/**
 * A {@link WaveStore} in the control plane's catalog database (sql/0100_migrations.sql): runs outlive their process, and any other can go on. Must
 * never be asked on the way of an application's request.
 */
import type { MirrorEntry } from "../apply/apply-to-target.ts";
import { edited, type ReleasedFile } from "../release/release.ts";
import type { Run, RunState, RunTarget, WaveStore } from "./wave-store.ts";

/** What is asked of the connection: a `pg.Pool` or a client. */
export interface StoreConnection {
  query(text: string, params?: unknown[]): Promise<{ rows: unknown[] }>;
}

const schema = "watertight_catalog";

/**
 * The store of a catalog database, for one service: `main` where there is one application.
 * @example const store = postgresStore(new pg.Pool({ connectionString }));
 */
export function postgresStore(
  db: StoreConnection,
  { service = "main" }: { readonly service?: string } = {},
): WaveStore {
  const rows = async <T>(text: string, params: unknown[] = []): Promise<T[]> =>
    (await db.query(text, params)).rows as T[];
  return {
    released: () =>
      rows<ReleasedFile>(
        `select name, position, file, checksum from ${schema}.migration_file where service = $1 order by position`,
        [service],
      ),

    async addReleased(files: readonly ReleasedFile[]) {
      // the one statement adds and answers what is there: two releases at once see each other's files
      await rows(
        `insert into ${schema}.migration_file (service, name, position, file, checksum)
           select $2, name, position, file, checksum from json_to_recordset($1) as f (name text, position int, file text, checksum text)
         on conflict (service, name) do nothing`,
        [JSON.stringify(files), service],
      );
      const known = new Map((await this.released()).map((each) => [each.name, each.checksum]));
      for (const file of files) {
        const checksum = known.get(file.name);
        if (checksum !== undefined && checksum !== file.checksum) throw edited(file, checksum);
      }
    },

    async create(run: Run) {
      await rows(
        `with run as (insert into ${schema}.migration_run (id, release, state, reason, service) values ($1, $2, $3, $4, $6) returning id)
         insert into ${schema}.migration_target (run, target, number, wave, state, failure, reason, duration_ms)
           select run.id, t.target, t.number, t.wave, t.state, t.failure, t.reason, t."durationMs" from run, ${targetRows("$5")}`,
        [run.id, run.release, run.state, run.reason, asJson(run.targets), service],
      );
    },

    async load(id: string) {
      if (!/^[0-9a-f-]{36}$/i.test(id)) return undefined;
      const [run] = await rows<Omit<Run, "targets">>(
        `select id, release, state, reason from ${schema}.migration_run where id = $1 and service = $2`,
        [id, service],
      );
      if (run === undefined) return undefined;
      const targets = await rows<RunTarget>(
        `select target, wave, state, failure, reason, duration_ms as "durationMs" from ${schema}.migration_target where run = $1 order by number`,
        [id],
      );
      return { ...run, targets };
    },

    async unfinished() {
      const [run] = await rows<{ id: string }>(
        `select id from ${schema}.migration_run where state in ('running', 'paused') and service = $1 order by created_at desc limit 1`,
        [service],
      );
      return run?.id;
    },

    async record(run: string, targets: readonly RunTarget[]) {
      await rows(
        `update ${schema}.migration_target m set state = t.state, failure = t.failure, reason = t.reason, duration_ms = t."durationMs", updated_at = now()
           from ${targetRows("$2")} where m.run = $1 and m.target = t.target`,
        [run, asJson(targets)],
      );
    },

    async setState(run: string, state: RunState, reason: string | null) {
      await rows(`update ${schema}.migration_run set state = $2, reason = $3, updated_at = now() where id = $1`, [
        run,
        state,
        reason,
      ]);
    },

    async mirror(entries: readonly MirrorEntry[]) {
      const applied = entries.flatMap(({ target, applied: own }) => own.map((each) => ({ target, ...each })));
      await rows(
        `with applied as (
           insert into ${schema}.migration_mirror as m (target, name, position, duration_ms)
             select target, name, position, "durationMs" from json_to_recordset($1) as a (target text, name text, position int, "durationMs" float8)
           on conflict (target, name) do update set position = excluded.position, duration_ms = excluded.duration_ms, mirrored_at = now())
         insert into ${schema}.migration_version (target, version)
           select distinct on (target) target, version from json_to_recordset($2) as v (target text, version text)
         on conflict (target) do update set version = excluded.version, mirrored_at = now()`,
        [JSON.stringify(applied), JSON.stringify(entries.map(({ target, version }) => ({ target, version })))],
      );
    },

    async durations() {
      const found = await rows<{ name: string; ms: number }>(
        `select name, percentile_cont(0.5) within group (order by duration_ms) as ms from ${schema}.migration_mirror group by name`,
      );
      return new Map(found.map(({ name, ms }) => [name, ms]));
    },
  };
}

const asJson = (targets: readonly RunTarget[]): string =>
  JSON.stringify(targets.map((each, number) => ({ ...each, number })));

const targetRows = (param: string): string =>
  `json_to_recordset(${param}) as t (target text, number int, wave int, state text, failure jsonb, reason text, "durationMs" float8)`;
