/**
 * The text of a transaction: search path and lock of the tenant, the statements, the ledger, the schema version. All of it is one message and
 * one round trip. Pure. Must never contain a name or value that was not quoted.
 */
import { quoteText } from "@watertight/schema";
import type { ReleaseFile } from "../release/release.ts";
import type { StepStatement } from "../release/steps.ts";
import { searchPathOf, type Target } from "../target.ts";
import type { Speaker } from "./connection.ts";
import type { Limits } from "./limits.ts";
import { closeNew, handOver, isBlind, liftForce, restoreForce } from "./hand-over.ts";

/** A command of a message, and the statement of the user's that it is. */
export interface Command {
  readonly text: string;
  readonly statement?: StepStatement;
  readonly migration?: ReleaseFile;
}

/** SQL of the advisory lock key of a tenant: one for each tenant, not for each database, so that fleets migrate side by side. */
export const lockKey = (target: Target): string =>
  `pg_catalog.hashtextextended(${quoteText(target.schema ?? "")}, 7072)`;

/** The search path of a target, for a select list that goes on; "" where the role's own holds. */
export function pathSetting(target: Target, local: boolean): string {
  const path = searchPathOf(target);
  return path === undefined ? "" : `pg_catalog.set_config('search_path', ${quoteText(path)}, ${local}), `;
}

/** The first command of a transaction: the search path, then the tenant's lock, which is waited for no longer than a table's. */
export function lockTenant(target: Target): Command {
  return { text: `select ${pathSetting(target, true)}pg_catalog.pg_advisory_xact_lock(${lockKey(target)})` };
}

/** What one migration does in a transaction. */
export interface Work {
  readonly migration: ReleaseFile;
  readonly statements: readonly StepStatement[];
  /** Its line in the ledger. */
  readonly record: string;
}

/**
 * The statements with what belongs around them. While the first lock is held, each further wait keeps the application waiting as well: the
 * waits behind the first share one lock_timeout.
 */
export function workOf(works: readonly Work[], limits: Limits, speaker: Speaker, target: Target): Command[] {
  const statements = works.flatMap((work) => work.statements);
  const locking = statements.filter(({ locks, creates }) => locks.length > 0 || creates === "*").length;
  const later = Math.max(5, Math.floor(limits.lockTimeoutMs / Math.max(1, locking - 1)));
  const blind = isBlind(statements, speaker);
  const commands: Command[] = blind ? liftForce(statements, target).map((text) => ({ text })) : [];
  let held = blind;
  for (const { migration, statements: own, record } of works) {
    for (const statement of own) {
      commands.push({ text: statement.text, statement, migration });
      if (!held && locking > 1 && statement.locks.length > 0) {
        held = true;
        commands.push({ text: `set local lock_timeout = ${later}` });
      }
    }
    commands.push({ text: record, migration });
  }
  if (blind) commands.push({ text: restoreForce });
  return [
    ...commands,
    ...[...handOver(statements, speaker), ...closeNew(statements, target)].map((text) => ({ text })),
  ];
}
