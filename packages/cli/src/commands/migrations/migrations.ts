/** `watertight migrations plan|apply|resume|skip|list|drift`, over the places of the catalog. */
import { databaseUrl } from "../../database.ts";
import { CliError, exitCodes } from "../../cli-error.ts";
import type { CommandContext, Execute } from "../../command.ts";
import { counted, harmless } from "../../output/printer.ts";
import { type FleetOptions, withFleet } from "../fleet/fleet.ts";
import { withControl } from "../catalog/control.ts";
import { migrationsOf } from "./migrations-of.ts";
import { pauseOn } from "./pause-on.ts";
import { waveProgress } from "./wave-progress.ts";

interface PlacesFlags extends FleetOptions {
  readonly central?: string;
  readonly concurrency: string;
}

interface ApplyFlags extends PlacesFlags {
  readonly wave: string;
  readonly pauseOn: string;
  readonly only?: "failed";
  readonly canary?: string[];
}

const limitOf = ({ concurrency }: PlacesFlags): number => {
  const number = Number(concurrency);
  if (!Number.isInteger(number) || number < 1 || number > 100)
    throw new CliError("WT_CLI_USAGE", `--concurrency ${concurrency} is not 1 to 100.`, "Leave it out for 4.");
  return number;
};

async function central({ io }: CommandContext, { central: where }: PlacesFlags): Promise<object> {
  return where === undefined ? {} : { central: { connectionString: await databaseUrl(where, io) } };
}

const leftOver = (print: CommandContext["print"], files: readonly string[]): void => {
  if (files.length > 0)
    print.note(
      `${counted(files.length, "file")} of scope catalog ran nowhere: name the application's central database with --central env:NAME`,
    );
};

/** Runs `migrations plan`: with a folder over its files, otherwise over the newest release. */
export const plan: Execute<PlacesFlags> = async (context, [project], options) => {
  const { print, io } = context;
  const found = await withFleet(context, options, async ({ control, pool, actor, secrets }) => {
    let release;
    if (project !== undefined) {
      const { requestOf } = await import("../check/request.ts");
      release = control.makeRelease(await migrationsOf(await requestOf(io, project, {})));
      control.refuseChanges(release, await control.runStore(pool, options.service).released());
    }
    const { service } = options;
    const where = { service, secrets, concurrency: limitOf(options), ...(await central(context, options)) };
    const answer = await control.planPlaces(pool, actor, where, release);
    return { answer, text: control.planText(answer) };
  });
  print.result({ ...found.answer }, () => print.line(found.text));
  leftOver(print, found.answer.withoutPlace);
  return 0;
};

async function migrate(context: CommandContext, options: ApplyFlags, resume: string | undefined): Promise<number> {
  const { print, io } = context;
  const { service, wave, only, canary = [] } = options;
  const pauses = pauseOn(options.pauseOn);
  const concurrency = limitOf(options);
  const progress = waveProgress(io, print.json);
  const result = await withFleet(context, options, async ({ control, pool, actor, secrets }) =>
    control.migratePlaces(pool, actor, {
      service,
      secrets,
      concurrency,
      waves: wave.split(",").map((each) => each.trim()),
      pauseOn: pauses,
      canaries: canary,
      onEvent: progress.show,
      ...(resume === undefined ? {} : { resume }),
      ...(only === undefined ? {} : { only }),
      ...(await central(context, options)),
    }),
  ).finally(progress.end);
  const { counts, groups, behind, version, minimum, unprotected } = result;
  print.result({ ...result }, () => {
    print.line(
      `${result.state}  release ${result.release}, version ${version}: ${counts.done} done, ${counts.current} were there, ${counts.failed} failed, ${counts.busy} busy, ${counts.skipped} skipped, ${counts.pending} not tried`,
    );
    if (result.reason !== null) print.line(`paused: ${harmless(result.reason)}`);
    for (const { count, code, message, file, line, targets } of groups)
      print.line(
        `${count} x ${code} ${harmless(message)}${file === null ? "" : ` (${harmless(file)}:${line})`}: ${targets.slice(0, 5).map(harmless).join(", ")}${targets.length > 5 ? ", …" : ""}`,
      );
    for (const table of unprotected) print.line(`without tenant column, so shared by all: ${harmless(table)}`);
    if (behind.length > 0)
      print.line(
        `behind: ${behind.slice(0, 10).map(harmless).join(", ")}${behind.length > 10 ? `, and ${behind.length - 10} more` : ""}`,
      );
    else if (minimum !== null) print.line(`nobody is behind; service ${service} serves version ${minimum} and later`);
    if (behind.length > 0 || result.state !== "done")
      print.line(result.run === null ? "Next: watertight migrations apply" : `Next: ${result.next}`);
  });
  leftOver(print, result.withoutPlace);
  return behind.length > 0 || result.state !== "done" ? exitCodes.partly : exitCodes.ok;
}

/** Runs `migrations apply`. */
export const apply: Execute<ApplyFlags> = (context, _, options) => migrate(context, options, undefined);

/** Runs `migrations resume`. */
export const resume: Execute<ApplyFlags> = (context, [run = ""], options) => migrate(context, options, run);

/** Runs `migrations skip`. */
export const skip: Execute<FleetOptions & { readonly reason: string }> = async (
  context,
  [run = "", ...targets],
  options,
) => {
  const { service, reason } = options;
  await withFleet(context, options, ({ control, pool }) =>
    control.skipTargets(control.runStore(pool, service), run, targets, reason),
  );
  context.print.result({ run, skipped: targets, reason }, () => {
    context.print.line(
      `${counted(targets.length, "target")} left out of run ${harmless(run)}; the next run finds them again`,
    );
    context.print.line(`Next: watertight migrations resume ${harmless(run)}`);
  });
  return 0;
};

/** Runs `migrations list`: releases and runs. */
export const list: Execute<{ readonly service: string }> = async (context, _, { service }) => {
  const { print } = context;
  // one after the other: it is one connection
  const { releases, runs } = await withControl(context, async ({ control, pool }) => {
    const made = await control.listReleases(pool, service);
    return { releases: made, runs: await control.listRuns(pool, service) };
  });
  print.result({ releases, runs }, () => {
    print.table(
      ["version", "release", "files", "by", "at"],
      releases.map((each) => [each.version, each.name, each.added.join(", "), each.createdBy, each.createdAt]),
    );
    if (runs.length === 0) return;
    print.line();
    print.table(
      ["run", "release", "state", "done", "failed", "left", "skipped", "begun", "why"],
      runs.map(({ id, release, state, counts, createdAt, reason }) => [
        id,
        release,
        state,
        counts.done,
        counts.failed,
        counts.pending + counts.busy,
        counts.skipped,
        createdAt,
        reason,
      ]),
    );
  });
  return 0;
};

/** Runs `migrations drift`. */
export const drift: Execute<PlacesFlags> = async (context, _, options) => {
  const { print } = context;
  const { service } = options;
  const report = await withFleet(context, options, ({ control, pool, actor, secrets }) =>
    control.driftOfPlaces(pool, actor, { service, secrets, concurrency: limitOf(options) }),
  );
  print.result({ ...report }, () => {
    print.line(`${report.clean} of ${report.targets} places are what release ${report.release} makes`);
    for (const { count, targets, differences } of report.groups) {
      print.line(
        `\n${counted(count, "place")}: ${targets.slice(0, 10).map(harmless).join(", ")}${count > 10 ? ", …" : ""}`,
      );
      for (const difference of differences) print.line(`  ${harmless(difference)}`);
    }
    for (const { target, message } of report.problems) print.line(`${harmless(target)}: ${harmless(message)}`);
  });
  if (report.groups.length > 0) return exitCodes.findings;
  return report.problems.length > 0 ? exitCodes.partly : exitCodes.ok;
};
