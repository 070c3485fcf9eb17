/**
 * `watertight kit unprotect`: back out; the tables are as they were before.
 */
import { unprotectTable, type UnprotectReport } from "@watertight/schema";
import type { Execute } from "../../command.ts";
import { harmless } from "../../output/printer.ts";

/** Runs `kit unprotect`. */
export const execute: Execute<{ readonly dryRun?: boolean }> = async (
  { database, print },
  tables,
  { dryRun = false },
) => {
  const reports: UnprotectReport[] = [];
  await database(async (client) => {
    for (const table of tables) reports.push(await unprotectTable(client, table, { dryRun }));
  });
  print.result({ dryRun, tables: reports }, () => {
    if (dryRun) return print.sql(reports.flatMap((report) => report.sql));
    for (const report of reports) {
      print.line(`unprotected ${harmless(report.table)}`);
      for (const left of report.left) print.line(print.colour("yellow", `  left: ${harmless(left)}`));
    }
  });
  return 0;
};
