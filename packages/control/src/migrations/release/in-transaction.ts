/**
 * Migrations as they run in an empty place, in one transaction: nothing is there that a lock or a long build could keep waiting. Pure. Must leave
 * out nothing that changes what the place looks like.
 */
import type { ReleaseFile } from "./release.ts";
import type { StepStatement } from "./steps.ts";

/** The statements: without CONCURRENTLY, and nothing that only moves storage. */
export function inTransaction(files: readonly ReleaseFile[]): StepStatement[] {
  return files.flatMap(({ steps }) =>
    steps.flatMap((step) => {
      if (step.kind === "transaction") return step.statements;
      if (step.action.what === "vacuum" || step.action.what === "reindex") return [];
      return [{ ...step.statement, text: step.statement.text.replace(/\bconcurrently\b/i, "") }];
    }),
  );
}
