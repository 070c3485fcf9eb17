/**
 * What the provisioner's sessions say, in the audit log: whatever can change something is written down before it is sent, what only reads
 * when the session ends. Must never hold a secret: parameters are left out, passwords and verifiers struck.
 */
import { createHash } from "node:crypto";
import type { Queryable } from "@watertight/schema";
import { appendAudit } from "../audit-log/append-audit.ts";
import type { StepContext } from "../operations/operation.ts";

// Reading, and the words of a transaction: they change nothing by themselves.
const harmless =
  /^\s*(select|show|begin|commit|rollback|savepoint|release|set\s+local|set\s+constraints|reset)\b(?![\s\S]*;\s*\S)/i;
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
): { readonly session: Queryable; flush(): Promise<void> } {
  let waiting: string[] = [];
  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const statements = waiting;
    waiting = [];
    await context.commit((tx) =>
      appendAudit(tx, context.actor, "provisioner.statements", `operation:${context.operation.id}`, {
        cell,
        ...(database === undefined ? {} : { database }),
        statements,
      }),
    );
  };
  return {
    flush,
    session: {
      async query(text, params) {
        waiting.push(loggedStatement(text));
        if (!harmless.test(text)) await flush();
        return client.query(text, params);
      },
    },
  };
}
