/**
 * `watertight config print`: every option and its value; with --origin where each comes from, and what the schema says where no option does: the
 * migrations are replayed for it, and nothing is attacked.
 */
import { check, inferredRows, type InferredRow, optionRows } from "@watertight/audit";
import type { CommandContext, Execute } from "../../command.ts";
import { harmless, type Printer } from "../../output/printer.ts";
import { progressLine } from "./progress.ts";
import { type Request, requestOf, type SourceFlags } from "./request.ts";

/** The flags of config print. */
export interface ConfigFlags extends SourceFlags {
  readonly origin?: boolean;
}

/** What was understood, and of what; or why nothing was. */
interface Inferred {
  readonly rows: readonly InferredRow[];
  readonly of: string | null;
  readonly problem: string | null;
}

/** Runs `config print`. */
export const execute: Execute<ConfigFlags> = async (context, [folder], flags) => {
  const { io, print } = context;
  const request = await requestOf(io, folder, flags);
  const rows = optionRows(request.resolved);
  const inferred = flags.origin === true ? await infer(context, request) : null;
  print.result(
    { options: rows, ...(inferred === null ? {} : { inferred: inferred.rows, notInferred: inferred.problem }) },
    () => {
      print.table(
        ["option", "value", ...(inferred === null ? [] : ["from"])],
        rows.map(({ path, value, origin: { from, name } }) => [
          path,
          JSON.stringify(value),
          ...(inferred === null ? [] : [`${from}${name === "" ? "" : ` ${name}`}`]),
        ]),
      );
      if (inferred === null) print.note("What is inferred from the schema, and why: watertight config print --origin");
      else show(print, inferred);
    },
  );
  return 0;
};

async function infer({ io, print }: CommandContext, request: Request): Promise<Inferred> {
  const progress = progressLine(io, print.json);
  try {
    const checked = await check({ ...request, attack: false, onProgress: progress.show }).finally(progress.end);
    await checked.close();
    const { folder, kind } = checked.report.source;
    return { rows: inferredRows(checked.report.understanding), of: `${folder} (${kind})`, problem: null };
  } catch (error) {
    // options can be printed where there is no schema
    const { code = "", message } = error as Error & { code?: string };
    if (!code.startsWith("WT_CHECK_")) throw error;
    return { rows: [], of: null, problem: message };
  }
}

function show(print: Printer, { rows, of, problem }: Inferred): void {
  print.line();
  if (problem !== null) return print.line(`Nothing could be inferred: ${harmless(problem)}`);
  print.line(print.colour("bold", `Understood from ${harmless(of ?? "")}; the option named first would say otherwise`));
  for (const { path, value, from, because } of rows) {
    print.line(`${harmless(path)}: ${harmless(value)}  (${from})`);
    if (from === "inferred") for (const each of because) print.line(`    ${harmless(each)}`);
  }
}
