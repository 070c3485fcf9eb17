/**
 * `watertight kit uninstall`: needs --yes, or the database's name typed by a person; never runs unattended without --yes.
 */
import { createInterface } from "node:readline/promises";
import { uninstallKit } from "@watertight/schema";
import { CliError } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { harmless } from "../../output/printer.ts";

interface Options {
  readonly yes?: boolean;
  readonly keepRoles?: boolean;
  readonly dryRun?: boolean;
}

async function confirm({ io, print }: CommandContext, database: string): Promise<void> {
  const next = "Give --yes, or look first: watertight kit uninstall --dry-run";
  if (!io.interactive || print.json)
    throw new CliError(
      "WT_CLI_CONFIRM",
      `Uninstalling from ${database} needs a confirmation, and nobody is here to give it.`,
      next,
    );
  print.note(
    `This unprotects every table of ${harmless(database)} and drops the kit. Type the database's name to go on:`,
  );
  const lines = createInterface({ input: io.stdin });
  try {
    const { value } = await lines[Symbol.asyncIterator]().next();
    if (value !== database) throw new CliError("WT_CLI_CONFIRM", "The name does not match; nothing was changed.", next);
  } finally {
    lines.close();
  }
}

/** Runs `kit uninstall`. */
export const execute: Execute<Options> = async (context, _, options) => {
  const { database, print } = context;
  const dryRun = options.dryRun ?? false;
  const report = await database(async (client) => {
    if (!dryRun && options.yes !== true) {
      const { rows } = await client.query<{ name: string }>("select pg_catalog.current_database() as name");
      await confirm(context, rows[0]!.name);
    }
    return uninstallKit(client, { dryRun, roles: options.keepRoles !== true });
  });
  print.result({ dryRun, ...report }, () => {
    if (dryRun) return print.sql(report.steps.flatMap((step) => step.sql ?? []));
    for (const step of report.steps)
      print.line(
        `${step.state.padEnd(7)} ${harmless(step.name)}${step.reason === undefined ? "" : `: ${harmless(step.reason)}`}`,
      );
  });
  return 0;
};
