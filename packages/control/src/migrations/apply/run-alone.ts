/**
 * A statement outside of a transaction: marked in the ledger, looked at when it was interrupted, run, recorded. An index that an earlier attempt
 * left invalid is dropped first. The tenant's lock is the session's meanwhile, for there is no transaction to hold it.
 */
import { performance } from "node:perf_hooks";
import { quoteName, quoteQualified } from "@watertight/schema";
import { MigrationError } from "../migration-error.ts";
import type { NamedRelation } from "../release/alone.ts";
import type { ReleaseFile } from "../release/release.ts";
import type { Step } from "../release/steps.ts";
import type { Target } from "../target.ts";
import { lockKey, pathSetting } from "./batch.ts";
import type { TargetConnection } from "./connection.ts";
import { type Failpoint, failpoints } from "./failpoint.ts";
import { readLedger, recordSteps } from "./ledger.ts";
import { sessionSettings } from "./limits.ts";

type AloneStep = Extract<Step, { kind: "alone" }>;

/** What to run. */
export interface AloneWork {
  readonly target: Target;
  readonly migration: ReleaseFile;
  readonly number: number;
  readonly step: AloneStep;
  /** Moves the schema version when this was the last step; "" otherwise. */
  readonly afterwards: string;
}

const named = ({ schema, name }: NamedRelation): string =>
  schema === "" ? quoteName(name) : quoteQualified(schema, name);

/** Runs the step unless the ledger, read under the lock, says that somebody else did. */
export async function runAlone(
  connection: TargetConnection,
  { target, migration, number, step, afterwards }: AloneWork,
  failpoint: Failpoint,
): Promise<void> {
  await connection.batch([`select ${pathSetting(target, false)}pg_catalog.pg_advisory_lock(${lockKey(target)})`]);
  try {
    const entry = (await readLedger(connection, target))?.find(({ name }) => name === migration.name);
    if ((entry?.stepsDone ?? 0) > number) return;
    const interrupted = entry?.running === number;
    await failpoint(failpoints.beforeMark);
    const begun = performance.now();
    const done = await prepare(connection, step, interrupted, migration);
    if (!done) {
      if (!interrupted) await connection.batch([recordSteps(target, migration, number, number)]);
      await failpoint(failpoints.markedRunning);
      // it waits for other transactions, but nobody waits for it: SHARE UPDATE EXCLUSIVE stops no reader and no writer
      await connection.batch(["set lock_timeout = 0"]);
      await connection.batch([step.statement.text]);
    }
    await failpoint(failpoints.statementRan);
    await connection.batch([
      "begin",
      recordSteps(target, migration, number + 1, null, performance.now() - begun),
      ...(afterwards === "" ? [] : [afterwards]),
      "commit",
    ]);
    await failpoint(failpoints.recorded);
  } finally {
    await connection.clear();
    if (connection.usable)
      await connection.batch([
        "select pg_catalog.pg_advisory_unlock_all()",
        "reset search_path",
        `select ${sessionSettings(connection.limits)}`,
      ]);
  }
}

/** Looks at what an interrupted attempt left, and clears it away; true when the statement's work is there already. */
async function prepare(
  connection: TargetConnection,
  { action, statement }: AloneStep,
  interrupted: boolean,
  migration: ReleaseFile,
): Promise<boolean> {
  const one = async (text: string, params: unknown[]): Promise<Record<string, unknown> | undefined> =>
    (await connection.query(text, params)).rows[0] as Record<string, unknown> | undefined;
  const index = (name: string): Promise<Record<string, unknown> | undefined> =>
    one("select i.indisvalid as valid from pg_catalog.pg_index i where i.indexrelid = pg_catalog.to_regclass($1)", [
      name,
    ]);

  switch (action.what) {
    case "create index": {
      const name = named(action.index);
      const found = await index(name);
      if (found?.["valid"] === false) await connection.batch([`drop index concurrently ${name}`]);
      if (found?.["valid"] !== true || interrupted) return found?.["valid"] === true;
      if (/\bif\s+not\s+exists\b/i.test(statement.text)) return false;
      throw new MigrationError("WT_MIGRATION_INDEX", {
        detail: `${migration.file}:${statement.line}: ${action.index.name}`,
        facts: { file: migration.file, line: statement.line, index: action.index.name },
      });
    }
    case "drop index":
      return interrupted && (await index(named(action.index))) === undefined;
    case "reindex": {
      if (!interrupted) return false;
      const { rows } = await connection.query(
        `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_index i
           join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          where not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$' and pg_catalog.pg_table_is_visible(i.indrelid)`,
      );
      for (const { name } of rows as { name: string }[]) await connection.batch([`drop index concurrently ${name}`]);
      return false;
    }
    case "detach": {
      if (!interrupted) return false;
      const [table, partition] = [named(action.table), named(action.partition)];
      const found = await one(
        "select h.inhdetachpending as pending from pg_catalog.pg_inherits h where h.inhparent = $1::pg_catalog.regclass and h.inhrelid = $2::pg_catalog.regclass",
        [table, partition],
      );
      if (found?.["pending"] === true)
        await connection.batch([`alter table ${table} detach partition ${partition} finalize`]);
      return found === undefined || found["pending"] === true;
    }
    case "vacuum":
      return false;
  }
}
