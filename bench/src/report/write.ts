/**
 * Writes a report: JSON for machines, a table beside it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Writes `file` (*.json) and the same name with .md. */
export function writeReport(file: string, report: unknown, markdown: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(file.replace(/\.json$/, ".md"), markdown);
}
