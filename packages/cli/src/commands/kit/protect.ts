/**
 * `watertight kit protect`, `kit observe` and `kit enforce`: all tables of the call, or none.
 */
import { enforceTable, observeTable, protectTable, protectTables, type ProtectOptions } from "@watertight/schema";
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
  protect: typeof protectTable,
): Promise<number> {
  const derived = parent(options);
  const dryRun = options.dryRun ?? false;
  const reports = await database((client) =>
    protectTables(
      client,
      tables,
      {
        index: options.index,
        dryRun,
        ...(options.column === undefined ? {} : { tenantColumn: options.column }),
        ...(options.type === undefined ? {} : { tenantType: options.type }),
        ...(derived === undefined ? {} : { parent: derived }),
      },
      protect,
    ),
  );
  printProtection(print, reports, dryRun);
  return 0;
}

// `protect` means enforcement, also for a table that was only observed
const protectEnforced: typeof protectTable = (db, options) => protectTable(db, { ...options, mode: "enforce" });

/** Runs `kit protect`. */
export const execute: Execute<Options> = (context, args, options) => work(context, args, options, protectEnforced);
/** Runs `kit observe`. */
export const observe: Execute<Options> = async (context, args, options) => {
  const exitCode = await work(context, args, options, observeTable);
  if (!context.print.json && options.dryRun !== true)
    context.print.note("Next: let the application run, then see what was recorded: watertight kit observations");
  return exitCode;
};
/** Runs `kit enforce`. */
export const enforce: Execute<Options> = (context, args, options) => work(context, args, options, enforceTable);
