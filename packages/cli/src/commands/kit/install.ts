/**
 * `watertight kit install` and `kit upgrade`: the same work; upgrade refuses where nothing is installed.
 */
import { installKit, type InstallReport, type Level, type RoleNames, upgradeKit } from "@watertight/schema";
import { CliError } from "../../cli-error.ts";
import type { Execute } from "../../command.ts";
import { harmless, type Printer } from "../../output/printer.ts";

interface Options {
  readonly level?: Level;
  readonly role?: string[];
  readonly harden: boolean;
  readonly keyFrom?: string;
  readonly dryRun?: boolean;
}

const kinds = ["owner", "migrator", "app", "readonly", "control", "prober"];

function roleNames(pairs: readonly string[]): Partial<RoleNames> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      const kind = pair.slice(0, Math.max(at, 0));
      if (!kinds.includes(kind))
        throw new CliError("WT_CLI_USAGE", `--role ${pair} is not <kind>=<name>.`, `Kinds: ${kinds.join(", ")}.`);
      return [kind, pair.slice(at + 1)];
    }),
  );
}

function printReport(print: Printer, report: InstallReport, dryRun: boolean): void {
  print.result({ dryRun, ...report }, () => {
    if (dryRun) return print.sql(report.steps.flatMap((step) => step.sql ?? []));
    for (const step of report.steps) {
      const word = {
        done: print.colour("green", "done   "),
        already: print.colour("dim", "already"),
        skipped: print.colour("yellow", "skipped"),
      }[step.state];
      print.line(`${word} ${harmless(step.name)}${step.reason === undefined ? "" : `: ${harmless(step.reason)}`}`);
    }
    if (report.key === undefined) return;
    print.line();
    print.line("The application's key, shown this once. Keep it secret:");
    print.line(`WATERTIGHT_KEY=${report.key}`);
    print.line(`Next: set passwords (\\password ${harmless(report.roles.app)}), then watertight kit protect <table>`);
  });
}

/** Runs `kit install`. */
export const execute: Execute<Options> = (context, _, options) => work(context, options, installKit);
/** Runs `kit upgrade`. */
export const upgrade: Execute<Options> = (context, _, options) => work(context, options, upgradeKit);

async function work(
  context: Parameters<Execute<Options>>[0],
  options: Options,
  run: typeof installKit,
): Promise<number> {
  const key = options.keyFrom === undefined ? undefined : context.io.env[options.keyFrom];
  if (options.keyFrom !== undefined && key === undefined)
    throw new CliError(
      "WT_CLI_USAGE",
      `The variable ${options.keyFrom} is not set.`,
      "Leave --key-from out to have a key made.",
    );
  const report = await context.database((client) =>
    run(client, {
      harden: options.harden,
      dryRun: options.dryRun ?? false,
      ...(options.level === undefined ? {} : { level: options.level }),
      ...(options.role === undefined ? {} : { roles: roleNames(options.role) }),
      ...(key === undefined ? {} : { key }),
    }),
  );
  // a key made in a dry run is rolled back: showing it would only mislead
  const { key: made, ...rest } = report;
  printReport(context.print, options.dryRun === true || made === undefined ? rest : report, options.dryRun ?? false);
  return 0;
}
