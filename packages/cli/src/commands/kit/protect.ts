/**
 * `watertight kit protect`, `kit observe` and `kit enforce`: tables in the order given, so that a parent can stand before its children.
 */
import { enforceTable, observeTable, protectTable, type ProtectOptions, type ProtectReport } from "@watertight/schema";
import type { Client } from "pg";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { printProtection } from "../../output/findings.ts";

interface Options {
  readonly column?: string;
  readonly type?: "uuid" | "bigint" | "text";
  readonly parent?: string;
  readonly via?: string[];
  readonly index: boolean;
  readonly dryRun?: boolean;
}

function parent(options: Options): ProtectOptions["parent"] {
  if (options.parent === undefined) {
    if (options.via !== undefined)
      throw new CliError(
        "WT_CLI_USAGE",
        "--via needs --parent.",
        "Give --parent <table> --via child_column=parent_column.",
      );
    return undefined;
  }
  const via = options.via?.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1)
      throw new CliError("WT_CLI_USAGE", `--via ${pair} is not child_column=parent_column.`, "Give --via task_id=id.");
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return via === undefined ? { table: options.parent } : { table: options.parent, via: Object.fromEntries(via) };
}

async function work(
  { database, print }: CommandContext,
  tables: string[],
  options: Options,
  protect: (client: Client, options: ProtectOptions) => Promise<ProtectReport>,
): Promise<number> {
  const derived = parent(options);
  const reports: ProtectReport[] = [];
  try {
    await database(async (client) => {
      for (const table of tables)
        reports.push(
          await protect(client, {
            table,
            index: options.index,
            dryRun: options.dryRun ?? false,
            ...(options.column === undefined ? {} : { tenantColumn: options.column }),
            ...(options.type === undefined ? {} : { tenantType: options.type }),
            ...(derived === undefined ? {} : { parent: derived }),
          }),
        );
    });
  } catch (error) {
    // what was done before the error is done: say so
    if (reports.length > 0 && !print.json) printProtection(print, reports, options.dryRun ?? false);
    throw error;
  }
  printProtection(print, reports, options.dryRun ?? false);
  return 0;
}

// `protect` means enforcement, also for a table that was only observed
const protectEnforced = (client: Client, options: ProtectOptions): Promise<ProtectReport> =>
  protectTable(client, { ...options, mode: "enforce" });

/** Runs `kit protect`. */
export const execute: Execute<Options> = (context, args, options) => work(context, args, options, protectEnforced);
/** Runs `kit observe`. */
export const observe: Execute<Options> = (context, args, options) => work(context, args, options, observeTable);
/** Runs `kit enforce`. */
export const enforce: Execute<Options> = (context, args, options) => work(context, args, options, enforceTable);
