/**
 * What the provisioner's sessions say, in the audit log: whatever can change something is written down before it can take effect, which is before it
 * is sent, or before the COMMIT of the transaction that it is in; what only reads goes along with the next transaction on the catalog. Must never
 * hold a secret: parameters are left out, passwords and verifiers struck.
 */
import { createHash } from "node:crypto";
import type { Queryable } from "@watertight/schema";
import type { StepContext } from "../operations/operation.ts";

// Reading, and the words of a transaction: they change nothing by themselves.
const harmless =
  /^\s*(select|show|begin|commit|rollback|savepoint|release|set\s+local|set\s+constraints|reset)\b(?![\s\S]*;\s*\S)/i;
const begins = /^\s*(begin|start\s+transaction)\b/i;
// wherever it stands: what only looks like an end costs a record that is written early
const ends = /\b(commit|end|rollback|abort|prepare)\b/i;
const rollback = /^\s*rollback\s*;?\s*$/i;
// one statement whatever stands in it: inside of a transaction its code cannot end that
const block = /^\s*do\s+(\$\w*\$)[\s\S]*\1\s*$/i;
const longest = 600;

/** A statement as the log shows it. */
export function loggedStatement(text: string): string {
  const safe = text
    .replaceAll(/\bpassword\s+(E?)'(?:[^']|'')*'/gi, "password '…'")
    .replaceAll(/SCRAM-SHA-256\$[^'\s]+/g, "…")
    .trim();
  if (safe.length <= longest) return safe;
  return `${safe.slice(0, longest)}… (${safe.length} characters, sha256 ${createHash("sha256").update(safe).digest("hex")})`;
}

/** Wraps a session; call `flush` when it ends. */
export function loggedSession(
  context: StepContext<never>,
  cell: string,
  database: string | undefined,
  client: Queryable,
): { readonly session: Queryable; flush(): void } {
  let waiting: string[] = [];
  let changing = false;
  let inside = false;
  const flush = (): void => {
    if (waiting.length === 0) return;
    const statements = waiting;
    waiting = [];
    changing = false;
    context.note({
      action: "provisioner.statements",
      subject: `operation:${context.operation.id}`,
      detail: { cell, ...(database === undefined ? {} : { database }), statements },
    });
  };
  const written = async (): Promise<void> => {
    flush();
    await context.confirm();
  };
  return {
    flush,
    session: {
      async query(text, params) {
        waiting.push(loggedStatement(text));
        const over = !block.test(text) && ends.test(text);
        if (!harmless.test(text)) changing = true;
        if (begins.test(text)) inside = true;
        // what a transaction did before a ROLLBACK has no effect; what stands behind one in the same message may have
        if (rollback.test(text)) changing = false;
        else if (changing && (!inside || over)) await written();
        if (over) inside = false;
        return client.query(text, params);
      },
    },
  };
}
