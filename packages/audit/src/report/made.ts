/**
 * When a check was made, of which commit, and with what: the first that an auditor asks of a report. Pure.
 */
import type { Report } from "./report.ts";

/** Names and values, in the order in which they are shown. */
export function madeRows({ run, tool, server }: Report): (readonly [name: string, value: string])[] {
  return [
    ...(run === undefined ? [] : [["Date", run.at.replace("T", " ").replace(/\.\d+Z$/, " UTC")] as const]),
    ...(run?.commit === undefined || run.commit === null
      ? []
      : [["Commit", run.commit.replace(/-dirty$/, ", with changes that are not committed")] as const]),
    ["Watertight", tool.version],
    ["PostgreSQL", [server.version, ...(server.also ?? [])].join(" and ")],
  ];
}
