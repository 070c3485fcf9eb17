/**
 * From flags, environment and file to the options of a check.
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Options } from "@watertight/audit";
import { type LoadedConfig, loadConfig, type ResolvedOptions, resolveLightly } from "@watertight/audit/live";
import { CliError } from "../../cli-error.ts";
import type { Io } from "../../io.ts";

/** Flags that say what is checked. */
export interface SourceFlags {
  readonly sql?: string[];
  readonly folder?: string;
  readonly tool?: string;
  readonly config?: string;
  readonly server?: string;
  readonly attack?: boolean;
  readonly failOn?: string;
  readonly strict?: boolean;
  readonly report?: string[];
}

/** What to check, resolved. */
export interface Request {
  readonly root: string;
  readonly resolved: ResolvedOptions;
  readonly configFile: string | null;
}

/** @throws CliError WT_CLI_USAGE where there is no such folder, ConfigError for a wrong option */
export async function requestOf(io: Io, folder: string | undefined, flags: SourceFlags): Promise<Request> {
  const root = resolve(io.cwd, folder ?? ".");
  await refuseOtherThanFolder(root, folder ?? ".");
  const loaded: LoadedConfig = await loadConfig(root, { file: flags.config, expired: "report" });
  const given: Record<string, unknown> = {
    "migrations.files": flags.sql,
    "migrations.folder": flags.folder,
    "migrations.tool": flags.tool,
    server: flags.server,
    failOn: flags.failOn,
    strict: flags.strict,
    ...reports(flags.report ?? []),
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const resolved = await resolveLightly({
    flags: present,
    env: io.env,
    config: loaded.config,
    ...(loaded.file === null ? {} : { file: loaded.file }),
  });
  return { root, resolved, configFile: loaded.file };
}

async function refuseOtherThanFolder(root: string, named: string): Promise<void> {
  const found = await stat(root).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error)
    throw new CliError(
      "WT_CLI_USAGE",
      found.code === "ENOENT" ? `There is no folder ${named}.` : `${named} can't be read (${found.code ?? "unknown"}).`,
      "Name the project's folder: watertight check path/to/project",
    );
  if (!found.isDirectory())
    throw new CliError("WT_CLI_USAGE", `${named} is a file, not a folder.`, `To check this file: --sql ${named}`);
}

// a record, so that the compiler misses a format that is new
const formats: Readonly<Record<keyof Options["reports"], true>> = {
  json: true,
  sarif: true,
  junit: true,
  github: true,
  gitlab: true,
  markdown: true,
  html: true,
};

function reports(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((each) => {
      const [format = "", ...file] = each.split("=");
      if (!Object.hasOwn(formats, format))
        throw new CliError(
          "WT_CLI_USAGE",
          `--report ${each}: there is no format ${format || "without a name"}.`,
          `Write --report FORMAT=FILE; formats: ${Object.keys(formats).join(", ")}.`,
        );
      if (file.join("=") === "")
        throw new CliError("WT_CLI_USAGE", `--report ${each} names no file.`, `Write: --report ${format}=FILE`);
      return [`reports.${format}`, file.join("=")];
    }),
  );
}
