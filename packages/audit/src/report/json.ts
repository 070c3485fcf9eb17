/**
 * The report as JSON: the object itself, keys in a fixed order. Its schema is published as report.schema.json.
 */
import type { Report } from "./report.ts";

/** The document; `indent` 0 for one line. */
export function jsonReport(report: Report, indent: number = 2): string {
  return `${JSON.stringify(report, null, indent)}\n`;
}
