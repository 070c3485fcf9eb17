/**
 * Writes a report: JSON for machines, a table beside it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Writes `file` (JSON) and the same name with .md. */
export function writeReport(file: string, report: unknown, markdown: string): void {
  if (!file.endsWith(".json")) throw new Error("--out must name a .json file");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(file.replace(/\.json$/, ".md"), markdown);
}
