/**
 * Finds and runs the one configuration file of a project. It is code of the project's owner and trusted as such; nothing else is loaded: no rc
 * files, no home folder, no .env, no remote `extends`, nothing from package.json. Must never write anything, a compile cache included.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Jiti } from "jiti";
import { acceptProblems } from "./acceptance.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";

/** Names that are looked for in the project's folder, in this order. */
const configFiles: readonly string[] = ["ts", "mts", "cts", "js", "mjs", "cjs", "json"].map(
  (extension) => `watertight.config.${extension}`,
);

/** A loaded configuration. */
export interface LoadedConfig {
  readonly config: Config;
  /** As people see it: the file's name, or the path that was given. Null where there is none. */
  readonly file: string | null;
}

/** Options of {@link loadConfig}. */
export interface LoadConfigOptions {
  /** A file in place of the usual names, relative to the folder. */
  readonly file?: string | undefined;
  readonly today?: Date | undefined;
  /**
   * What an accepted risk that has run out does: "refuse" (default) ends with an error, "report" leaves it in the list, where it accepts
   * nothing any more.
   */
  readonly expired?: "refuse" | "report" | undefined;
}

/**
 * Loads and validates the configuration of a project.
 * @throws ConfigError WT_CONFIG_FILE, WT_CONFIG_OPTION, WT_CONFIG_ACCEPT
 * @example
 * const { config, file } = await loadConfig(process.cwd());
 */
export async function loadConfig(folder: string, options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const file = chooseFile(folder, options.file);
  if (file === null) return { config: {}, file: null };
  const raw = await run(resolve(folder, file), file);
  const { problemsOf } = await import("./problems.ts");
  const problems = problemsOf(raw);
  if (problems.length > 0) throw new ConfigError("WT_CONFIG_OPTION", named(file, problems));
  const config = raw as Config;
  const accepted = acceptProblems(config.accept ?? [], options.today ?? new Date(), config.acceptDays ?? 90).filter(
    (each) => !each.expired || options.expired !== "report",
  );
  if (accepted.length > 0)
    throw new ConfigError(
      "WT_CONFIG_ACCEPT",
      named(
        file,
        accepted.map((each) => each.sentence),
      ),
    );
  return { config, file };
}

function named(file: string, problems: readonly string[]): string[] {
  return problems.map((problem) => `${file}: ${problem}`);
}

function chooseFile(folder: string, given: string | undefined): string | null {
  if (given !== undefined) {
    if (existsSync(resolve(folder, given))) return given;
    throw new ConfigError("WT_CONFIG_FILE", [`${given} does not exist`], {
      next: "Correct the path, or leave it out.",
    });
  }
  const found = configFiles.filter((name) => existsSync(join(folder, name)));
  if (found.length > 1)
    throw new ConfigError("WT_CONFIG_FILE", [`there are ${found.join(" and ")}; only one can be meant`], {
      next: "Remove one.",
    });
  return found[0] ?? null;
}

async function run(path: string, file: string): Promise<unknown> {
  // only where there is a file to run: loading these two takes as long as finding the migrations
  const [{ loadConfig: loadWithC12 }, { createJiti }] = await Promise.all([import("c12"), import("jiti")]);
  // `npx watertight` runs where neither package is installed, and loading all of ours for one identity function would take half a second
  const own = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./config.ts" : "./config.js", import.meta.url));
  const jiti = createJiti(path, {
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    alias: { "@watertight/audit": own, watertight: own },
  });
  // what c12 answers is merged and cleaned, and null ends it: the sentence to the person needs what really stands there
  let raw: unknown;
  const load = async (id: string): Promise<unknown> => {
    const loaded = await jiti.import<Record<string, unknown>>(id);
    raw = "default" in loaded ? loaded["default"] : loaded;
    if (typeof raw === "function") return async () => (raw = await (raw as () => unknown)());
    return typeof raw === "object" && raw !== null ? raw : {};
  };
  try {
    await loadWithC12({
      name: "watertight",
      cwd: resolve(path, ".."),
      configFile: basename(path),
      jiti: { ...jiti, import: load } as Jiti,
      rcFile: false,
      globalRc: false,
      dotenv: false,
      packageJson: false,
      envName: false,
      extend: false,
      giget: false,
    });
  } catch (error) {
    throw new ConfigError("WT_CONFIG_FILE", [sentence(error, path, file)], { cause: error });
  }
  // only named exports: what came is the module itself
  if (raw !== null && typeof raw === "object" && "__esModule" in raw)
    throw new ConfigError("WT_CONFIG_FILE", [`${file} has no default export`], {
      next: "Write: export default defineConfig({ … })",
    });
  return raw;
}

/** What an error says, with its line where the parser knows it, and without machine paths. */
function sentence(error: unknown, path: string, file: string): string {
  const text = (error instanceof Error ? error.message : String(error))
    .replaceAll("file://", "")
    .replaceAll(path, file);
  const at = text
    .split(`${file}:`)
    .slice(1)
    .map((rest) => /^\d+:\d+/.exec(rest)?.[0])
    .find((place) => place !== undefined);
  const [first = "it cannot be run"] = text
    .replaceAll(dirname(path), ".")
    .split("\n")
    .map((line) =>
      line
        .replace(/^\w*Error:\s*/, "")
        .replace(`${file}: `, "")
        .trim(),
    )
    .filter((line) => line !== "");
  return `${file}${at === undefined ? "" : `:${at}`} cannot be loaded: ${first.replace(/\.$/, "")}`;
}
