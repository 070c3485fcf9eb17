/**
 * PostgreSQL binaries of another major version than the one that npm brings: where the user says, or where Linux and macOS packages lie. Must never
 * take another version than the one that was asked for.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { EmbeddedError } from "@watertight/embedded";

/** The version that npm brings. */
const embedded = 18;

const places = (version: number): string[] => [
  `/usr/lib/postgresql/${version}`,
  `/usr/pgsql-${version}`,
  `/opt/homebrew/opt/postgresql@${version}`,
  `/usr/local/opt/postgresql@${version}`,
];

/**
 * The folder with bin/ and lib/; undefined for the version that npm brings.
 * @throws EmbeddedError `WT_EMBEDDED_NO_BINARIES` when there is none
 */
export function binariesOf(
  version: number,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const variable = `WATERTIGHT_POSTGRES_${version}`;
  const named = env[variable];
  if (named !== undefined && named !== "") {
    if (existsSync(join(named, "bin"))) return named;
    throw new EmbeddedError("WT_EMBEDDED_NO_BINARIES", `${variable} names a folder that has no bin/ in it.`);
  }
  if (version === embedded) return undefined;
  const found = places(version).find((folder) => existsSync(join(folder, "bin", "initdb")));
  if (found !== undefined) return found;
  throw new EmbeddedError(
    "WT_EMBEDDED_NO_BINARIES",
    `There is no PostgreSQL ${version} here. Install it (its server package is enough, it is not started), or name the folder of its bin/ and lib/ in ${variable}; ${embedded} needs nothing.`,
  );
}
