/**
 * What a check stands on: the project's migrations, or with --db a live database. One answer for both, so that reports and exit codes are the same.
 */
import type { CheckRequest, Report } from "@watertight/audit";
import { checkLive } from "@watertight/audit/live";
import { CliError } from "../../cli-error.ts";
import type { CommandContext } from "../../command.ts";
import type { Request, SourceFlags } from "./request.ts";
import { type Anchor, anchorOf } from "./write.ts";

/** Flags of a check that may look at a live database. */
export interface GroundFlags extends SourceFlags {
  readonly db?: string;
  readonly against?: string;
}

/** What was checked. */
export interface Ground {
  readonly report: Report;
  readonly facts: Awaited<ReturnType<typeof checkLive>>["facts"];
  readonly remarks: readonly string[];
  /** Where reports show a finding that stands in no file. */
  readonly anchor: Anchor;
  close(): Promise<void>;
}

/** Checks what the flags name. @throws CliError WT_CLI_USAGE for --db together with migrations */
export async function checkGround(
  context: CommandContext,
  request: Request,
  flags: GroundFlags,
  onProgress: NonNullable<CheckRequest["onProgress"]>,
): Promise<Ground> {
  const { configFile } = request;
  if (flags.db !== undefined) {
    refuseMigrations(flags);
    const live = await context.database((db) => checkLive({ ...request, db, onProgress }));
    const anchor = { file: configFile ?? "watertight.config.ts", line: 1 };
    return { ...live, remarks: [], anchor, close: () => Promise.resolve() };
  }
  const { checkVersions } = await import("@watertight/audit");
  const checked = await checkVersions({ ...request, attack: flags.attack !== false, onProgress });
  return { ...checked, anchor: anchorOf(checked.set), close: () => checked.close() };
}

function refuseMigrations({ sql, folder, tool, server, against }: GroundFlags): void {
  const given = Object.entries({ sql, folder, tool, server, against }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`],
  );
  if (given.length === 0) return;
  throw new CliError(
    "WT_CLI_USAGE",
    `--db checks a live database, ${given.join(" and ")} ${given.length === 1 ? "is" : "are"} about migrations.`,
    "Run two checks: one with --db, one without it.",
  );
}
