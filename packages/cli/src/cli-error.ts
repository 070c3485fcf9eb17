/**
 * Errors of the command line itself, and the exit code that belongs to any error. Every error ends with the next step.
 */

/** Exit codes; scripts rely on them. */
export const exitCodes = {
  ok: 0,
  /** Findings at or over the limit, or a statement of the shell was refused. */
  findings: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** Could not run: no database, no right, no kit. */
  failed: 3,
  /** An operation, or a part of a fleet's, did not succeed. */
  partly: 5,
} as const;

/** Codes of the command line's own errors. */
export type CliErrorCode =
  | "WT_CLI_NO_DATABASE"
  | "WT_CLI_SECRET_IN_FLAG"
  | "WT_CLI_UNREACHABLE"
  | "WT_CLI_CONFIRM"
  | "WT_CLI_USAGE"
  | "WT_CLI_ROLE";

/** An error of the command line. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  readonly hint: string;
  readonly exitCode: number;

  constructor(code: CliErrorCode, what: string, next: string, exitCode: number = exitCodes.usage) {
    super(`${code}: ${what} ${next}`);
    this.code = code;
    this.hint = next;
    this.exitCode = exitCode;
  }
}

// these say that the call was wrong; everything else says that the database would not have it
const wrongCalls = new Set([
  "WT_CATALOG_INPUT",
  "WT_CATALOG_NOT_FOUND",
  "WT_CATALOG_DUPLICATE",
  "WT_MIGRATION_SCOPE",
  "WT_MIGRATION_DUPLICATE",
  "WT_MIGRATION_UNREADABLE",
  "WT_MIGRATION_STATEMENT",
  "WT_MIGRATION_EDITED",
  "WT_MIGRATION_MISSING",
  "WT_MIGRATION_ORDER",
  "WT_MIGRATION_OPTION",
  "WT_MIGRATION_RUN",
  "WT_KIT_NAME",
  "WT_KIT_OPTION",
  "WT_KIT_ROLES_DIFFER",
  "WT_KIT_KEY",
  "WT_KIT_KEY_LAST",
  "WT_KIT_TABLE",
  "WT_KIT_TENANT_COLUMN",
  "WT_KIT_TENANT_TYPE",
  "WT_KIT_TENANT_NULLS",
  "WT_KIT_PARENT",
  "WT_KIT_NOT_PROTECTED",
  "WT_KIT_TENANT",
  "WT_KEY_INVALID",
]);

/** What is shown of an error. */
export interface ShownError {
  readonly code: string;
  readonly message: string;
  readonly next: string;
  /** Where there are several: each is a line of its own for a person. */
  readonly problems: readonly string[];
  readonly exitCode: number;
}

// an SQLSTATE comes from the database; anything else is ours
function nextOf(code: string): string {
  if (code === "55P03") return "The table is in use; try again when it is quieter.";
  if (/^[0-9A-Z]{5}$/.test(code)) return "Run: watertight kit status";
  return "Please report it with the command and this message.";
}

function exitCodeOf(code: string): number {
  if (code === "WT_MIGRATION_LEAK") return exitCodes.findings;
  return wrongCalls.has(code) ? exitCodes.usage : exitCodes.failed;
}

/** Turns any error into what is shown of it. */
export function showError(error: unknown): ShownError {
  const {
    code = "",
    message = String(error),
    hint = "",
    problems = [],
    exitCode,
  } = error as { code?: string; message?: string; hint?: string; problems?: readonly string[]; exitCode?: number };
  const next = hint || nextOf(code);
  const typed = code.startsWith("WT_");
  return {
    code: code || "WT_CLI_FAILED",
    message: typed ? message : `${code || "WT_CLI_FAILED"}: ${message}${/[.!?]$/.test(message) ? "" : "."} ${next}`,
    next,
    problems: problems.length > 1 ? problems : [],
    exitCode: exitCode ?? exitCodeOf(code),
  };
}
