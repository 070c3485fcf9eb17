/**
 * From flags, environment and file to the options of a check.
 */
import { resolve } from "node:path";
import { type LoadedConfig, loadConfig, type ResolvedOptions, resolveOptions } from "@watertight/audit";
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

/** @throws ConfigError for a wrong option */
export async function requestOf(io: Io, folder: string | undefined, flags: SourceFlags): Promise<Request> {
  const root = resolve(io.cwd, folder ?? ".");
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
  const resolved = resolveOptions({
    flags: present,
    env: io.env,
    config: loaded.config,
    ...(loaded.file === null ? {} : { file: loaded.file }),
  });
  return { root, resolved, configFile: loaded.file };
}

function reports(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((each) => {
      const [format = "", ...file] = each.split("=");
      if (file.join("=") === "")
        throw new CliError("WT_CLI_USAGE", `--report ${each} names no file.`, "Write: --report sarif=watertight.sarif");
      return [`reports.${format}`, file.join("=")];
    }),
  );
}
