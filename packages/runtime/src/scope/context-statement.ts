/**
 * The statements around a scoped query, as data: which text opens the context, and what is reset when a connection
 * changes hands. Texts are constant and fully qualified; tenant and token travel only as bind parameters, because an
 * inlined literal is visible in pg_stat_activity (C10).
 */

/** How strongly the database binds the context; see docs. */
export type Level = "plain" | "sealed" | "hostile";

/** A statement with its bind values. */
export interface ContextStatement {
  readonly text: string;
  readonly values: readonly string[];
}

const plain = "select pg_catalog.set_config('watertight.tenant', $1, true)";
const sealed = "select watertight.open($1)";
const timeout = ", pg_catalog.set_config('statement_timeout', $2, true)";

/** The text that opens a context, with or without a per-call statement timeout as `$2`. */
export function contextText(level: Level, withTimeout: boolean): string {
  return (level === "plain" ? plain : sealed) + (withTimeout ? timeout : "");
}

/**
 * The statement that opens a context. It must go first in the same transaction as the query, as its own statement.
 * @param proof the tenant id at level plain, else a token
 */
export function contextStatement(level: Level, proof: string, timeoutMs?: number): ContextStatement {
  return timeoutMs === undefined
    ? { text: contextText(level, false), values: [proof] }
    : { text: contextText(level, true), values: [proof, String(timeoutMs)] };
}

/**
 * What runs before the context statement when a connection changes tenant or its last pipeline failed: WITH HOLD
 * cursors, LISTEN, session settings and lastval() outlive a transaction (C1, C7, Q3). Inside the transaction, because a reset with
 * a Sync of its own may reach another server connection behind a pooler. Level hostile also drops prepared
 * statements and temporary objects, which a hardened database does not let the app role make.
 */
export function resetStatements(level: Level): readonly string[] {
  const always = ["close all", "unlisten *", "reset all", "discard sequences"];
  return level === "hostile" ? [...always, "deallocate all", "discard temp", "reset role"] : always;
}
