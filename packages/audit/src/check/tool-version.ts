/** The version of this package, for reports. */
import { readFileSync } from "node:fs";

/** As package.json says it. */
export function toolVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
