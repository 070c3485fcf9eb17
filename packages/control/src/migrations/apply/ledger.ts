/**
 * The ledger of a target: what ran there, written in the transaction of the DDL. It is the authority; a central copy is a copy. Must never be
 * written in a transaction of its own, except for the marks of statements that can't run in one.
 */
import { ledgerOf, sharedRows, type Target } from "../target.ts";
import { quoteText } from "@watertight/schema";
import { settingOf } from "../../provision/schema-version.ts";
import type { ReleaseFile } from "../release/release.ts";

/** What the ledger says of one migration. */
export interface LedgerEntry {
  readonly name: string;
  readonly position: number;
  readonly file: string;
  readonly checksum: string;
  readonly state: "started" | "applied";
  readonly steps: number;
  readonly stepsDone: number;
  /** Number of the step outside of a transaction that has begun and is not known to have ended. */
  readonly running: number | null;
  readonly durationMs: number;
  /** ISO 8601. */
  readonly appliedAt: string;
}

interface Reader {
  query(text: string, params?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** The columns of {@link LedgerEntry}. */
const ledgerColumns = `name, position, file, checksum, state, steps, steps_done as "stepsDone", running, duration_ms as "durationMs",
  pg_catalog.to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "appliedAt"`;

/** Reads the ledger in order; undefined where the tenant's schema has none yet. */
export async function readLedger(db: Reader, target: Target): Promise<LedgerEntry[] | undefined> {
  try {
    const { rows } = await db.query(`select ${ledgerColumns} from ${ledgerOf(target)} order by position`);
    return rows as LedgerEntry[];
  } catch (error) {
    if ((error as { code?: string }).code === "42P01") return undefined;
    throw error;
  }
}

/** Makes the ledger of a tenant's schema; nobody but its owner may touch it, whatever default privileges say. */
export function createLedger(target: Target): string[] {
  return target.schema === undefined ? [] : ledgerTableOf(ledgerOf(target));
}

/** The ledger's table under a name that is quoted already. */
export function ledgerTableOf(table: string): string[] {
  return [
    // no check and no default: a relation that every tenant has is opened once for each, and these would have to be read with it
    `create table if not exists ${table} (name text primary key, position integer, file text, checksum text, state text, steps integer,
  steps_done integer, running integer, duration_ms integer, applied_at timestamptz, applied_by name)`,
    `do $watertight$ declare grantee text; begin
  for grantee in select distinct case a.grantee when 0 then 'public' else a.grantee::pg_catalog.regrole::text end
      from pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a where c.oid = ${quoteText(table)}::pg_catalog.regclass and a.grantee <> c.relowner loop
    execute pg_catalog.format('revoke all on %s from %s', ${quoteText(table)}, grantee);
  end loop; end $watertight$`,
  ];
}

// The transaction began after its locks were waited for only in part, so this is time from BEGIN on: what a person would measure.
const elapsed = "(extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.now()) * 1000)::int";

/** Records a migration whose every step ran in this transaction. A second writer gets 23505: the primary key decides who was first. */
export function recordWhole(target: Target, file: ReleaseFile): string {
  return recordIn(ledgerOf(target), file);
}

/** The same for a ledger that is named. */
export function recordIn(ledger: string, file: ReleaseFile): string {
  const values = [quoteText(file.name), file.position, quoteText(file.file), quoteText(file.checksum)].join(", ");
  return `insert into ${ledger} (name, position, file, checksum, state, steps, steps_done, duration_ms, applied_at, applied_by)
values (${values}, 'applied', ${file.steps.length}, ${file.steps.length}, ${elapsed}, pg_catalog.now(), session_user)`;
}

/** Records that the first `done` steps ran; `running` is one that begins now. */
export function recordSteps(
  target: Target,
  file: ReleaseFile,
  done: number,
  running: number | null,
  ms?: number,
): string {
  const state = done === file.steps.length ? "applied" : "started";
  const took = ms === undefined ? (running === null ? elapsed : "0") : String(Math.round(ms));
  const values = [quoteText(file.name), file.position, quoteText(file.file), quoteText(file.checksum)].join(", ");
  return `insert into ${ledgerOf(target)} as l (name, position, file, checksum, state, steps, steps_done, running, duration_ms, applied_at, applied_by)
values (${values}, '${state}', ${file.steps.length}, ${done}, ${running ?? "null"}, ${took}, pg_catalog.now(), session_user)
on conflict (name) do update set state = excluded.state, steps_done = excluded.steps_done, running = excluded.running,
  duration_ms = l.duration_ms + excluded.duration_ms, applied_at = excluded.applied_at`;
}

/** Fails (22012) unless exactly the first `done` steps of the migration ran: under the tenant's lock, before a step that is not the first. */
export function requireSteps(target: Target, { name }: ReleaseFile, done: number): string {
  const ran = `(select l.steps_done from ${ledgerOf(target)} l where l.name = ${quoteText(name)})`;
  return `select 1 / case when coalesce(${ran}, 0) = ${done} then 1 else 0 end`;
}

/** Moves the schema version of the target's tenants, in the transaction of the DDL: the application's serving gate reads it. */
export function moveVersion(target: Target, version: string): string {
  const tenants = target.tenants ?? (target.schema === undefined ? undefined : [target.id]);
  const set = `${notePlace(target, version)}update watertight.fence set schema_version = ${quoteText(version)}`;
  if (tenants?.length === 1) return `${set} where tenant = ${quoteText(tenants[0]!)}`;
  const which =
    tenants === undefined ? sharedRows(target) : `tenant in (${tenants.map(quoteText).join(", ") || "null"})`;
  return `${set} where ${which} and schema_version is distinct from ${quoteText(version)}`;
}

/** A place's own note of its version, by which provisioning goes: a tenant that comes later is registered at it. */
function notePlace({ place, schema }: Target, version: string): string {
  if (place === undefined) return "";
  const number = quoteText(version.split("-")[0]!);
  return `with place as (insert into watertight.setting (name, value) values (${quoteText(settingOf(schema ?? null))}, ${number})
  on conflict (name) do update set value = excluded.value)
`;
}
