/**
 * Prints what the kit reports about tables: findings with the SQL that would help.
 */
import type { Finding, ProtectReport } from "@watertight/schema";
import { counted, harmless, type Printer } from "./printer.ts";

/** One line a finding, and its fix below. */
function printFindings(print: Printer, findings: readonly Finding[]): void {
  for (const finding of findings) {
    const colour = finding.severity === "high" ? "red" : "yellow";
    print.line(
      `  ${print.colour(colour, `! ${finding.vectorId} ${finding.severity}`)} ${harmless(finding.object)}: ${harmless(finding.title)}`,
    );
    print.line(`    ${harmless(finding.detail)}`);
    for (const line of finding.fix.split("\n")) print.line(print.colour("dim", `    ${harmless(line)}`));
  }
}

/** Prints the reports of protect, observe and enforce. */
export function printProtection(print: Printer, reports: readonly ProtectReport[], dryRun: boolean): void {
  print.result({ dryRun, tables: reports }, () => {
    if (dryRun) return print.sql(reports.flatMap((report) => report.sql));
    for (const report of reports) {
      const by =
        report.tenantColumn === null ? "by its parent" : `by ${harmless(report.tenantColumn)} (${report.tenantType})`;
      const word = report.mode === "observe" ? print.colour("yellow", "observed ") : print.colour("green", "protected");
      print.line(
        `${word} ${harmless(report.table)} ${by}, ${report.sql.length === 0 ? "nothing to change" : counted(report.sql.length, "statement")}`,
      );
      printFindings(print, report.findings);
    }
  });
}
