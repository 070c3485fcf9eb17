/**
 * A report for people: facts, tables and legends, for a terminal and as Markdown. Pure.
 */
import type { Machine, Versions } from "../environment/machine.ts";
import type { Goal } from "../hot-path/goals.ts";
import { goalTable } from "./goal-table.ts";
import { markdownTable, type Table, terminalTable } from "./text-table.ts";

/** What every report holds. */
export interface Head {
  readonly benchmark: string;
  readonly mode: "quick" | "full";
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly goals: readonly Goal[];
  readonly seconds: number;
}

/** What is told of a run; the goals come last by themselves. */
export interface Page {
  readonly title: string;
  /** After those of the run and the machine. */
  readonly facts: readonly string[];
  /** Tables and legends, in order. */
  readonly parts: readonly (Table | string)[];
}

/** When, for how long and where it ran. */
function headFacts({ machine, versions, ...head }: Head): string[] {
  return [
    `${head.date}, ${head.mode} run, ${head.seconds.toFixed(0)} s, commit ${versions.commit ?? "unknown"}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}; load ${machine.load.start} at the start, ${machine.load.end} at the end`,
  ];
}

const blocks = (head: Head, { parts }: Page, table: (table: Table) => string): string[] =>
  [...parts, goalTable(head.goals)].map((part) => (typeof part === "string" ? part : table(part)));

/** For a terminal. */
export function pageText(head: Head, page: Page): string {
  return [[...headFacts(head), ...page.facts].join("\n"), ...blocks(head, page, terminalTable)].join("\n\n");
}

/** For bench/results. */
export function pageMarkdown(head: Head, page: Page): string {
  const facts = [...headFacts(head), ...page.facts].map((fact) => `- ${fact}`).join("\n");
  return `${[`# ${page.title}`, facts, ...blocks(head, page, markdownTable)].join("\n\n")}\n`;
}
