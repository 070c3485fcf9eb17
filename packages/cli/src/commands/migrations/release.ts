/** `watertight migrations release`: files are judged, kept for ever, and become what new tenants are made of. */
import type { Execute } from "../../command.ts";
import { counted, harmless } from "../../output/printer.ts";
import { requestOf } from "../check/request.ts";
import { migrationsOf } from "./migrations-of.ts";
import { type Fleet, type FleetOptions, withFleet } from "../fleet/fleet.ts";

interface Options extends FleetOptions {
  readonly dryRun?: boolean;
  readonly folder?: string;
  readonly config?: string;
}

/** Runs it. */
export const execute: Execute<Options> = async (context, [project], options) => {
  const { print, io } = context;
  const { service, dryRun = false, folder, config } = options;
  const request = await requestOf(io, project, {
    ...(folder === undefined ? {} : { folder }),
    ...(config === undefined ? {} : { config }),
  });
  const { placeCheck } = await import("./check-release.ts");
  const migrations = await migrationsOf(request);
  const done = await withFleet(context, options, async (fleet) => {
    const { control, pool, actor } = fleet;
    const check = placeCheck(control, request);
    const release = await control.addRelease(pool, actor, {
      service,
      migrations,
      dryRun,
      checkRelease: async (files) => {
        print.note(`${counted(files.length, "file")}: making a place of them, and looking for leaks`);
        const findings = await check(files);
        for (const { id, severity, file, line, message } of findings)
          print.note(
            `  ${severity} ${harmless(id)} ${file === null ? "" : `${harmless(file)}:${line} `}${harmless(message)}`,
          );
        return findings;
      },
    });
    return { release, templates: dryRun || release.added.length === 0 ? [] : await askForTemplates(fleet, service) };
  });
  const { release, templates } = done;
  print.result({ dryRun, release, templates }, () => {
    const added = release.added.length === 0 ? "nothing new" : release.added.map(harmless).join(", ");
    print.line(`${dryRun ? "would release" : "released"} version ${release.version} (${release.name}): ${added}`);
    for (const { cell, operation } of templates)
      print.line(`template on ${cell}: watertight operations watch ${operation}`);
    if (!dryRun) print.line("Next: watertight migrations plan, then watertight migrations apply");
  });
  return 0;
};

/** New databases are copies of a template of the newest version, so every cell that takes tenants needs one. */
async function askForTemplates(
  { control, pool, actor, kinds }: Fleet,
  service: string,
): Promise<{ readonly cell: string; readonly operation: string }[]> {
  const asked = [];
  for (const { id: cell, state } of await control.listCells(pool)) {
    if (state !== "active") continue;
    const kind = kinds.get("template.build")!;
    const input = { cell, service };
    const operation = await control.requestOperation(pool, actor, kind, input).catch((error: { code?: string }) => {
      // one that has not begun yet builds the newest version as well
      if (error.code !== "WT_OPERATION_BUSY") throw error;
      return undefined;
    });
    if (operation !== undefined) asked.push({ cell, operation: operation.id });
  }
  return asked;
}
