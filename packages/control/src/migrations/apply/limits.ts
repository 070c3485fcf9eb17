/**
 * How long a migration's session waits and works. Said once for each connection; a transaction says only what differs. Must always bound the wait
 * for a lock: while a migration waits, the application waits behind it.
 */
import { quoteText } from "@watertight/schema";

/** Times in milliseconds. */
export interface Limits {
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** 50 ms: nobody sees it; 10 minutes: an index of a large table. */
export const defaultLimits: Limits = { lockTimeoutMs: 50, statementTimeoutMs: 600_000 };

const setting = (name: string, value: number): string =>
  `pg_catalog.set_config('${name}', ${quoteText(String(value))}, false)`;

/** The session's settings, for a select list. */
export function sessionSettings({ lockTimeoutMs, statementTimeoutMs }: Limits): string {
  return [
    setting("lock_timeout", lockTimeoutMs),
    setting("statement_timeout", statementTimeoutMs),
    // a migrator that stops in the middle must not keep its locks
    setting("idle_in_transaction_session_timeout", 60_000),
  ].join(", ");
}
